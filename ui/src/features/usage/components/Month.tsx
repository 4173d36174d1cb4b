import { Alert, Paper, Progress, Select, SimpleGrid, Stack, Table, Text } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { answer, api } from '~/api/client';
import { done, failed } from '~/design/toast';
import { type Credits, runsOfMonthQuery, usageKeys } from '../queries';
import { type Level, standing } from '../standing';

const LIMITS = [
  'runs_per_month',
  'runs_per_hour',
  'max_running',
  'webhooks_per_min',
  'payload_kb',
  'max_steps',
  'history_days',
] as const;
const COLORS: Record<Level, string> = { fine: 'indigo', low: 'yellow', over: 'red' };

interface Props {
  credits: Credits;
  format: (value: number) => string;
}

/** How the month stands: credits and runs against the plan, with a word when they go low. */
export function Month({ credits, format }: Props) {
  const { t, i18n } = useTranslation('usage');
  const client = useQueryClient();
  const { plan } = credits;
  const levels = standing(credits);
  const runs = useQuery({ ...runsOfMonthQuery(credits.month), enabled: plan.runs_per_month == null });
  const day = new Intl.DateTimeFormat(i18n.language, { dateStyle: 'long', timeZone: 'UTC' }).format(
    new Date(`${credits.next_month}T00:00:00Z`),
  );
  const change = useMutation({
    mutationFn: (when_exhausted: Credits['when_exhausted']) =>
      answer(api.PATCH('/api/credits', { body: { when_exhausted } })),
    onSuccess: () => done(t('exhaustedSaved')),
    onError: (error) => failed(error),
    onSettled: () => client.invalidateQueries({ queryKey: usageKeys.all }),
  });
  const banner = (level: Level, low: string, over: string) =>
    level === 'fine' ? null : (
      <Alert
        color={COLORS[level]}
        variant="light"
        icon={<IconAlertTriangle />}
        title={level === 'over' ? over : low}
        mb="md"
        role="status"
      >
        {level === 'low'
          ? t('lowText', { day })
          : t(credits.when_exhausted === 'reject' ? 'refused' : 'kept', { day })}
      </Alert>
    );
  const all = credits.balance + credits.reserved + credits.spent;
  return (
    <>
      {banner(levels.credits, t('creditsLow'), t('creditsOver'))}
      {banner(levels.runs, t('runsLow'), t('runsOver'))}
      <SimpleGrid cols={{ base: 1, sm: 3 }} mb="lg">
        <Paper withBorder p="md">
          <Text fz="xs" c="dimmed">
            {t('balance')}
          </Text>
          <Text fz={24} fw={600}>
            {plan.monthly_credits == null ? t('unlimited') : format(credits.balance)}
          </Text>
          {plan.monthly_credits != null && (
            <>
              <Progress
                aria-label={t('spent')}
                value={all > 0 ? Math.min(100, ((credits.spent + credits.reserved) / all) * 100) : 0}
                color={COLORS[levels.credits]}
                my={6}
              />
              <Text fz="xs" c="dimmed">
                {t('renewed', { day })}
              </Text>
            </>
          )}
          <Text fz="xs" c="dimmed">
            {t('spent')}: {format(credits.spent)}
            {credits.reserved > 0 && ` · ${t('reserved')}: ${format(credits.reserved)}`}
          </Text>
        </Paper>
        <Paper withBorder p="md">
          <Text fz="xs" c="dimmed">
            {t('runs')}
          </Text>
          <Text fz={24} fw={600}>
            {plan.runs_per_month == null
              ? runs.data === undefined
                ? '…'
                : format(runs.data)
              : t('of', { used: format(credits.runs_in_month), all: format(plan.runs_per_month) })}
          </Text>
          {plan.runs_per_month != null && (
            <Progress
              aria-label={t('runs')}
              value={Math.min(100, (credits.runs_in_month / plan.runs_per_month) * 100)}
              color={COLORS[levels.runs]}
              my={6}
            />
          )}
          {credits.runs_waiting > 0 && (
            <Text fz="xs" c="dimmed">
              {t('waitingRuns')}: {format(credits.runs_waiting)}
            </Text>
          )}
        </Paper>
        <Paper withBorder p="md">
          <Text fz="xs" c="dimmed">
            {t('plan')}
          </Text>
          <Text fz={24} fw={600}>
            {plan.name}
          </Text>
          {plan.monthly_credits != null && (
            <Select
              size="xs"
              mt={6}
              label={t('exhausted')}
              allowDeselect={false}
              data={(['reject', 'queue'] as const).map((value) => ({
                value,
                label: t(`exhaustions.${value}`),
              }))}
              value={credits.when_exhausted}
              onChange={(value) => value && change.mutate(value as Credits['when_exhausted'])}
            />
          )}
        </Paper>
      </SimpleGrid>
      <details style={{ marginBottom: 24 }}>
        <summary style={{ cursor: 'pointer', fontSize: 13 }}>{t('limits')}</summary>
        <Stack maw={420} mt="xs">
          <Table aria-label={t('limits')}>
            <Table.Tbody>
              {LIMITS.map((name) => (
                <Table.Tr key={name}>
                  <Table.Td>{t(`limit.${name}`)}</Table.Td>
                  <Table.Td ta="right">{plan[name] == null ? t('unlimited') : format(plan[name])}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Stack>
      </details>
    </>
  );
}
