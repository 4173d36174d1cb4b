import { Button, Checkbox, Group, Select, Stack, Text, TextInput, Title } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import dayjs from 'dayjs';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { answer, api, onceKey } from '~/api/client';
import { fieldErrors } from '~/api/problem';
import type { components } from '~/api/schema';
import { DataTable } from '~/design/DataTable';
import { ListState } from '~/design/ListState';
import { done, failed } from '~/design/toast';
import { When } from '~/design/When';
import { CopyField } from '~/forms/triggers/CopyField';
import { settingsKeys, tokensQuery } from '../queries';
import { Confirm } from './Confirm';
import { ShownOnce } from './ShownOnce';

const SCOPES = ['read', 'write', 'run', 'events', 'approve', 'admin'] as const;
const DAYS = ['30', '90', '365', 'never'] as const;

type Scope = (typeof SCOPES)[number];

/** Keys for programs: within one's role, and within their scopes. */
export function TokensPart() {
  const { t } = useTranslation('settings');
  const client = useQueryClient();
  const { data, isPending, error, refetch } = useQuery(tokensQuery());
  const [made, setMade] = useState<components['schemas']['MadeTokenView'] | null>(null);
  const remove = useMutation({
    mutationFn: (id: string) =>
      answer(api.DELETE('/api/tokens/{token_id}', { params: { path: { token_id: id } } })),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: settingsKeys.tokens });
      done(t('tokenGone'));
    },
    onError: (problem) => failed(problem),
  });
  const items = data?.items ?? [];
  return (
    <Stack gap="lg">
      {made && (
        <ShownOnce
          title={t('tokenMade', { name: made.name })}
          value={made.token}
          onClose={() => setMade(null)}
        />
      )}
      <TokenForm onMade={setMade} />
      <ListState
        isPending={isPending}
        error={error}
        onRetry={() => void refetch()}
        isEmpty={items.length === 0}
        empty={
          <Text fz="sm" c="dimmed">
            {t('noTokens')}
          </Text>
        }
      >
        <DataTable
          label={t('part.tokens')}
          rows={items}
          columns={[
            { title: t('tokenName'), cell: ({ name, last_four }) => `${name} (…${last_four})` },
            { title: t('scopes'), from: 'sm', cell: ({ scopes }) => scopes.join(', ') },
            {
              title: t('expires'),
              from: 'sm',
              cell: ({ expires_at }) => <When at={expires_at} none={t('never')} />,
            },
            {
              title: t('lastUsed'),
              from: 'md',
              cell: ({ last_used_at }) => <When at={last_used_at} none={t('never')} />,
            },
            {
              title: '',
              align: 'right',
              cell: ({ id, name }) => (
                <Confirm
                  label={t('delete')}
                  title={t('deleteToken', { name })}
                  text={t('deleteTokenText')}
                  isPending={remove.isPending}
                  onConfirm={() => remove.mutate(id)}
                />
              ),
            },
          ]}
        />
      </ListState>
      <Stack gap="xs">
        <Title order={2}>{t('mcp')}</Title>
        <Text fz="sm" c="dimmed">
          {t('mcpText')}
        </Text>
        <CopyField label={t('mcpAddress')} text={`${window.location.origin}/api/mcp`} />
      </Stack>
    </Stack>
  );
}

function TokenForm({ onMade }: { onMade: (made: components['schemas']['MadeTokenView']) => void }) {
  const { t } = useTranslation('settings');
  const client = useQueryClient();
  const form = useForm({
    initialValues: { name: '', scopes: ['read'] as string[], days: '90' as string },
    validate: {
      name: (value) => (value.trim() ? null : t('nameMissing')),
      scopes: (value) => (value.length ? null : t('scopeMissing')),
    },
  });
  const make = useMutation({
    mutationFn: ({ name, scopes, days }: typeof form.values) =>
      answer(
        api.POST('/api/tokens', {
          body: {
            name,
            scopes: scopes as Scope[],
            expires_at: days === 'never' ? null : dayjs().add(Number(days), 'day').toISOString(),
          },
          headers: onceKey(),
        }),
      ),
    onSuccess: (token) => {
      void client.invalidateQueries({ queryKey: settingsKeys.tokens });
      form.reset();
      onMade(token);
    },
    onError: (error) => {
      const found = fieldErrors(error);
      form.setErrors(found);
      if (Object.keys(found).length === 0) failed(error);
    },
  });
  return (
    <form onSubmit={form.onSubmit((values) => make.mutate(values))} noValidate>
      <Stack gap="sm" maw={520}>
        <Title order={2}>{t('newToken')}</Title>
        <Group align="flex-start" grow>
          <TextInput
            label={t('tokenName')}
            placeholder={t('tokenPlaceholder')}
            {...form.getInputProps('name')}
          />
          <Select
            label={t('expires')}
            data={DAYS.map((value) => ({ value, label: t(`days.${value}`) }))}
            allowDeselect={false}
            {...form.getInputProps('days')}
          />
        </Group>
        <Checkbox.Group label={t('scopes')} {...form.getInputProps('scopes')}>
          <Stack gap={6} mt={4}>
            {SCOPES.map((scope) => (
              <Checkbox key={scope} value={scope} label={t(`scope.${scope}`)} />
            ))}
          </Stack>
        </Checkbox.Group>
        <Button type="submit" w="fit-content" loading={make.isPending}>
          {t('makeToken')}
        </Button>
      </Stack>
    </form>
  );
}
