import { Button, CloseButton, Group, Popover, Select, Stack, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { IconSearch } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { automationQuery, automationsFoundQuery } from '~/features/automations/queries';
import { catalogQuery } from '~/features/catalog/queries';
import { type RunFilter, SPANS, STATUSES } from '../search';

const TYPING_MS = 350;

interface Props {
  filter: RunFilter;
  onChange: (change: Partial<Record<keyof RunFilter, string | null>>) => void;
}

/** What the list of runs is filtered by; all of it is in the page's address. */
export function RunFilters({ filter, onChange }: Props) {
  const { t } = useTranslation('runs');
  const { t: tApp } = useTranslation();
  const { data: catalog } = useQuery(catalogQuery());
  const [typed, setTyped] = useState(filter.q ?? '');
  useEffect(() => setTyped(filter.q ?? ''), [filter.q]);
  const later = useDebouncedCallback((q: string) => onChange({ q }), TYPING_MS);
  const type = (q: string) => {
    setTyped(q);
    later(q);
  };
  return (
    <Group gap="xs" role="search">
      <TextInput
        aria-label={t('search')}
        placeholder={t('search')}
        leftSection={<IconSearch size={15} aria-hidden />}
        rightSection={
          typed && <CloseButton size="sm" aria-label={t('forgetSearch')} onClick={() => type('')} />
        }
        value={typed}
        onChange={(event) => type(event.currentTarget.value)}
        maxLength={200}
        w={{ base: '100%', xs: 250 }}
      />
      <AutomationSelect
        value={filter.automation ?? null}
        onChange={(automation) => onChange({ automation })}
      />
      <Select
        aria-label={t('status')}
        placeholder={t('anyStatus')}
        clearable
        data={STATUSES.map((value) => ({ value, label: tApp(`status.${value}`) }))}
        value={filter.status ?? null}
        onChange={(status) => onChange({ status })}
        w={{ base: '47%', xs: 140 }}
      />
      <Select
        aria-label={t('trigger')}
        placeholder={t('anyTrigger')}
        clearable
        data={catalog?.triggers.map(({ name, title }) => ({ value: name, label: title })) ?? []}
        value={filter.trigger ?? null}
        onChange={(trigger) => onChange({ trigger })}
        w={{ base: '47%', xs: 160 }}
      />
      <TimeSelect filter={filter} onChange={onChange} />
    </Group>
  );
}

function AutomationSelect({
  value,
  onChange,
}: {
  value: string | null;
  onChange: (id: string | null) => void;
}) {
  const { t } = useTranslation('runs');
  const [search, setSearch] = useState('');
  const [asked, setAsked] = useState('');
  const ask = useDebouncedCallback(setAsked, 200);
  const found = useQuery(automationsFoundQuery(asked));
  const chosen = useQuery({ ...automationQuery(value ?? ''), enabled: value !== null });
  const options = (found.data?.items ?? []).map(({ id, name }) => ({ value: id, label: name }));
  if (value && !options.some((each) => each.value === value))
    options.unshift({ value, label: chosen.data?.name ?? '…' });
  return (
    <Select
      aria-label={t('automation')}
      placeholder={t('anyAutomation')}
      searchable
      clearable
      data={options}
      value={value}
      onChange={onChange}
      searchValue={search}
      onSearchChange={(text) => {
        setSearch(text);
        ask(options.some(({ label }) => label === text) ? '' : text);
      }}
      filter={({ options: all }) => all}
      nothingFoundMessage={t('noAutomation')}
      w={{ base: '100%', xs: 200 }}
    />
  );
}

function local(moment: string | undefined): string {
  if (!moment) return '';
  const date = new Date(moment);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

const utc = (text: string) => (text ? new Date(text).toISOString() : null);

function TimeSelect({ filter, onChange }: Props) {
  const { t } = useTranslation('runs');
  const [open, setOpen] = useState(false);
  const isCustom = Boolean(filter.from ?? filter.to);
  const choose = (value: string | null) => {
    if (value === 'custom') setOpen(true);
    else onChange({ span: value, from: null, to: null });
  };
  return (
    <Popover
      opened={open}
      onChange={setOpen}
      withRoles={false}
      position="bottom-end"
      shadow="md"
      withinPortal
      trapFocus
    >
      <Popover.Target>
        <div style={{ minWidth: 0 }}>
          <Select
            aria-label={t('time')}
            placeholder={t('anyTime')}
            clearable
            data={[...Object.keys(SPANS), 'custom'].map((value) => ({
              value,
              label: t(`spans.${value as 'hour'}`),
            }))}
            value={isCustom ? 'custom' : (filter.span ?? null)}
            onChange={choose}
            onOptionSubmit={(value) => value === 'custom' && setOpen(true)}
            w={160}
          />
        </div>
      </Popover.Target>
      <Popover.Dropdown aria-label={t('time')}>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            const data = new FormData(event.currentTarget);
            onChange({ span: null, from: utc(String(data.get('from'))), to: utc(String(data.get('to'))) });
            setOpen(false);
          }}
        >
          <Stack gap="xs">
            <TextInput
              type="datetime-local"
              name="from"
              label={t('from')}
              defaultValue={local(filter.from)}
            />
            <TextInput type="datetime-local" name="to" label={t('to')} defaultValue={local(filter.to)} />
            <Button type="submit" size="xs">
              {t('show')}
            </Button>
          </Stack>
        </form>
      </Popover.Dropdown>
    </Popover>
  );
}
