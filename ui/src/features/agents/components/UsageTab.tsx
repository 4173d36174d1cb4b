import { Progress, SimpleGrid, Stack, Text } from '@mantine/core';
import { IconChartBar } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { DataTable } from '~/design/DataTable';
import { EmptyState } from '~/design/EmptyState';
import { ListState } from '~/design/ListState';
import { type Agent, agentUsageQuery } from '../queries';

/** What it took in the last thirty days: calls, tokens, money. */
export function UsageTab({ agent }: { agent: Agent }) {
  const { t, i18n } = useTranslation('agents');
  const { data, isPending, error, refetch } = useQuery(agentUsageQuery(agent.id));
  const days = data?.items ?? [];
  const count = new Intl.NumberFormat(i18n.language);
  const money = new Intl.NumberFormat(i18n.language, {
    style: 'currency',
    currency: 'USD',
    maximumFractionDigits: 4,
  });
  const day = new Intl.DateTimeFormat(i18n.language, { dateStyle: 'medium', timeZone: 'UTC' });
  const sum = (of: (each: (typeof days)[number]) => number) => days.reduce((all, each) => all + of(each), 0);
  const limit = agent.settings.budget?.day_usd;
  const today = days.find((each) => each.day === new Date().toISOString().slice(0, 10))?.cost_usd ?? 0;
  return (
    <ListState
      isPending={isPending}
      error={error}
      onRetry={() => void refetch()}
      isEmpty={days.length === 0}
      empty={<EmptyState icon={IconChartBar} title={t('usage.emptyTitle')} text={t('usage.emptyText')} />}
    >
      <Stack maw={820}>
        <SimpleGrid cols={{ base: 2, sm: 4 }}>
          <Figure name={t('usage.calls')} value={count.format(sum(({ calls }) => calls))} />
          <Figure name={t('usage.in')} value={count.format(sum(({ tokens_in }) => tokens_in))} />
          <Figure name={t('usage.out')} value={count.format(sum(({ tokens_out }) => tokens_out))} />
          <Figure name={t('usage.money')} value={money.format(sum(({ cost_usd }) => cost_usd))} />
        </SimpleGrid>
        {limit && (
          <Stack gap={4}>
            <Text fz="sm">
              {t('usage.today', { spent: money.format(today), limit: money.format(limit) })}
            </Text>
            <Progress
              value={(100 * today) / limit}
              color={today > limit * 0.8 ? 'yellow' : 'indigo'}
              aria-label={t('usage.budget')}
            />
          </Stack>
        )}
        <DataTable
          label={t('tabs.usage')}
          rows={days.toReversed().map((each) => ({ ...each, id: each.day }))}
          columns={[
            { title: t('usage.day'), cell: (each) => day.format(new Date(each.day)) },
            { title: t('usage.calls'), align: 'right', cell: ({ calls }) => count.format(calls) },
            {
              title: t('usage.failed'),
              align: 'right',
              from: 'sm',
              cell: ({ failed }) => count.format(failed),
            },
            {
              title: t('usage.in'),
              align: 'right',
              from: 'sm',
              cell: ({ tokens_in }) => count.format(tokens_in),
            },
            {
              title: t('usage.out'),
              align: 'right',
              from: 'sm',
              cell: ({ tokens_out }) => count.format(tokens_out),
            },
            { title: t('usage.money'), align: 'right', cell: ({ cost_usd }) => money.format(cost_usd) },
          ]}
        />
        <Text fz="xs" c="dimmed">
          {t('usage.note')}
        </Text>
      </Stack>
    </ListState>
  );
}

function Figure({ name, value }: { name: string; value: string }) {
  return (
    <Stack gap={0} p="sm" style={{ border: 'var(--shell-edge)', borderRadius: 7 }}>
      <Text fz="xs" c="dimmed">
        {name}
      </Text>
      <Text fz="lg" fw={600}>
        {value}
      </Text>
    </Stack>
  );
}
