import { Button, Drawer, NumberInput, Stack, Text } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { answer, api } from '~/api/client';
import { fieldErrors } from '~/api/problem';
import type { components } from '~/api/schema';
import { DataTable } from '~/design/DataTable';
import { ListState } from '~/design/ListState';
import { done, failed } from '~/design/toast';
import { plansQuery, settingsKeys } from '../queries';

type Plan = components['schemas']['PlanDetail'];
const NUMBERS = [
  'monthly_credits',
  'runs_per_month',
  'runs_per_hour',
  'max_running',
  'webhooks_per_min',
  'payload_kb',
  'max_steps',
  'history_days',
] as const;

/** What the plans of the installation give, for its operators. */
export function PlansPart() {
  const { t, i18n } = useTranslation('settings');
  const { data, isPending, error, refetch } = useQuery(plansQuery());
  const [editing, setEditing] = useState<Plan | null>(null);
  const count = new Intl.NumberFormat(i18n.language);
  const shown = (value: number | null | undefined) =>
    value === null || value === undefined ? t('noLimit') : count.format(value);
  const items = data?.items ?? [];
  return (
    <ListState
      isPending={isPending}
      error={error}
      onRetry={() => void refetch()}
      isEmpty={items.length === 0}
      empty={null}
    >
      <DataTable
        label={t('part.plans')}
        rows={items.map((each) => ({ ...each, id: each.name }))}
        columns={[
          { title: t('plan'), cell: ({ name }) => name },
          { title: t('workspaces'), align: 'right', cell: ({ workspaces }) => count.format(workspaces) },
          { title: t('plans.monthly_credits'), align: 'right', cell: (plan) => shown(plan.monthly_credits) },
          {
            title: t('plans.runs_per_month'),
            align: 'right',
            from: 'sm',
            cell: (plan) => shown(plan.runs_per_month),
          },
          {
            title: t('plans.history_days'),
            align: 'right',
            from: 'sm',
            cell: (plan) => shown(plan.history_days),
          },
          {
            title: '',
            align: 'right',
            cell: (plan) => (
              <Button size="compact-xs" variant="default" onClick={() => setEditing(plan)}>
                {t('edit')}
              </Button>
            ),
          },
        ]}
      />
      <Drawer
        opened={editing !== null}
        onClose={() => setEditing(null)}
        title={editing?.name}
        position="right"
        closeButtonProps={{ 'aria-label': t('close') }}
      >
        {editing && <PlanForm key={editing.name} plan={editing} onSaved={() => setEditing(null)} />}
      </Drawer>
    </ListState>
  );
}

function PlanForm({ plan, onSaved }: { plan: Plan; onSaved: () => void }) {
  const { t } = useTranslation('settings');
  const client = useQueryClient();
  const form = useForm<Record<string, number | string>>({
    initialValues: Object.fromEntries(NUMBERS.map((name) => [name, plan[name] ?? ''])),
  });
  const save = useMutation({
    mutationFn: (values: typeof form.values) => {
      const numbers = NUMBERS.map((name) => [name, values[name] === '' ? null : Number(values[name])]);
      return answer(
        api.PUT('/api/admin/plans/{plan}', {
          params: { path: { plan: plan.name } },
          body: { ...Object.fromEntries(numbers), pinned: plan.pinned },
        }),
      );
    },
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: settingsKeys.plans });
      done(t('planSaved', { name: plan.name }));
      onSaved();
    },
    onError: (error) => {
      form.setErrors(fieldErrors(error));
      failed(error);
    },
  });
  return (
    <form onSubmit={form.onSubmit((values) => save.mutate(values))}>
      <Stack gap="sm">
        <Text fz="sm" c="dimmed">
          {t('planHint')}
        </Text>
        {NUMBERS.map((name) => (
          <NumberInput
            key={name}
            label={t(`plans.${name}`)}
            placeholder={t('noLimit')}
            min={0}
            {...form.getInputProps(name)}
          />
        ))}
        <Button type="submit" loading={save.isPending}>
          {t('save')}
        </Button>
      </Stack>
    </form>
  );
}
