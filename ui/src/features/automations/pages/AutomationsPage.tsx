import { Button, CloseButton, Group, Select, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { IconBolt, IconPlus, IconSearch } from '@tabler/icons-react';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useDeferredValue, useEffect, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { EmptyState } from '~/design/EmptyState';
import { ListState } from '~/design/ListState';
import { ButtonLink } from '~/design/links';
import { PageHeader } from '~/design/PageHeader';
import { catalogQuery } from '~/features/catalog/queries';
import { useMayUse } from '~/features/connections/roles';
import { AutomationTable } from '../components/AutomationTable';
import { sorted } from '../components/sorted';
import { automationsQuery } from '../queries';
import { type AutomationsSearch, SORTS, validateSearch } from '../routes';

const route = getRouteApi('/inside/automations');
const TYPING_MS = 200;
const NONE: never[] = [];
const STATES = ['active', 'inactive', 'draft'] as const;

export function AutomationsPage() {
  const { t } = useTranslation('automations');
  const { t: tApp } = useTranslation();
  const { sort = 'newest', ...filter } = route.useSearch();
  const navigate = route.useNavigate();
  const list = useInfiniteQuery(automationsQuery(filter));
  const { data: catalog } = useQuery(catalogQuery());
  const [typed, setTyped] = useState(filter.search ?? '');
  useEffect(() => setTyped(filter.search ?? ''), [filter.search]);
  const show = (change: Partial<Record<keyof AutomationsSearch, string | null>>) =>
    void navigate({ search: (before) => validateSearch({ ...before, ...change }), replace: true });
  const searchLater = useDebouncedCallback((search: string) => show({ search }), TYPING_MS);
  const type = (search: string) => {
    setTyped(search);
    searchLater(search);
  };
  const filtered = Boolean(filter.search ?? filter.status ?? filter.trigger);
  const items = useMemo(() => list.data?.pages.flatMap((page) => page.items) ?? [], [list.data]);
  const rows = useDeferredValue(useMemo(() => sorted(items, sort), [items, sort])); // keys come before them
  const forget = () => {
    setTyped('');
    show({ search: null, status: null, trigger: null });
  };
  const mayAct = useMayUse();
  const create = mayAct && (
    <ButtonLink to="/automations/new" leftSection={<IconPlus size={16} />}>
      {t('create')}
    </ButtonLink>
  );
  const empty = filtered ? (
    <EmptyState icon={IconSearch} title={t('nothingTitle')} text={t('nothingText')}>
      <Button variant="default" onClick={forget}>
        {t('forgetFilters')}
      </Button>
    </EmptyState>
  ) : (
    <EmptyState icon={IconBolt} title={t('emptyTitle')} text={t('emptyText')}>
      {create}
    </EmptyState>
  );
  return (
    <>
      <PageHeader title={t('title')} actions={items.length > 0 || filtered ? create : null} />
      {(items.length > 0 || filtered) && (
        <Group gap="xs" mb="sm" role="search">
          <TextInput
            aria-label={t('search')}
            placeholder={t('search')}
            leftSection={<IconSearch size={15} aria-hidden />}
            rightSection={
              typed && <CloseButton size="sm" aria-label={t('forgetSearch')} onClick={() => type('')} />
            }
            value={typed}
            onChange={(event) => type(event.currentTarget.value)}
            w={{ base: '100%', xs: 260 }}
          />
          <Select
            aria-label={t('status')}
            placeholder={t('anyStatus')}
            clearable
            data={STATES.map((value) => ({ value, label: tApp(`status.${value}`) }))}
            value={filter.status ?? null}
            onChange={(status) => show({ status })}
            w={{ base: '47%', xs: 150 }}
          />
          <Select
            aria-label={t('trigger')}
            placeholder={t('anyTrigger')}
            clearable
            data={catalog?.triggers.map(({ name, title }) => ({ value: name, label: title })) ?? []}
            value={filter.trigger ?? null}
            onChange={(trigger) => show({ trigger })}
            w={{ base: '47%', xs: 200 }}
          />
          <Select
            aria-label={t('sort')}
            allowDeselect={false}
            data={SORTS.map((value) => ({ value, label: t(`sorts.${value}`) }))}
            value={sort}
            onChange={(value) => show({ sort: value === 'newest' ? null : value })}
            w={150}
          />
        </Group>
      )}
      <ListState
        isPending={list.isPending}
        error={list.error}
        onRetry={() => void list.refetch()}
        isEmpty={items.length === 0}
        empty={empty}
      >
        <AutomationTable items={rows} triggers={catalog?.triggers ?? NONE} />
        {list.hasNextPage && (
          <Button
            variant="default"
            mt="sm"
            loading={list.isFetchingNextPage}
            onClick={() => void list.fetchNextPage()}
          >
            {tApp('more')}
          </Button>
        )}
      </ListState>
    </>
  );
}
