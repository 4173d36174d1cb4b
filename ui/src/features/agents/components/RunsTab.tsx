import { Button, Code, Drawer, Group, Stack, Text } from '@mantine/core';
import { IconHistory } from '@tabler/icons-react';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { DataTable } from '~/design/DataTable';
import { Duration } from '~/design/Duration';
import { EmptyState } from '~/design/EmptyState';
import { ListState } from '~/design/ListState';
import { StatusBadge } from '~/design/StatusBadge';
import { When } from '~/design/When';
import { catalogQuery } from '~/features/catalog/queries';
import { type AgentRun, agentRunsQuery, runLinesQuery } from '../queries';

/** The words of runs for those that agents have of their own. */
const STATUS = { waiting_approval: 'waiting' } as Record<string, string>;

/** What it did: when, why, how it ended, with its log lines. */
export function RunsTab({ agentId }: { agentId: string }) {
  const { t } = useTranslation('agents');
  const { t: tApp } = useTranslation();
  const list = useInfiniteQuery(agentRunsQuery(agentId));
  const triggers = useQuery(catalogQuery()).data?.triggers ?? [];
  const [reading, setReading] = useState<AgentRun | null>(null);
  const items = list.data?.pages.flatMap((page) => page.items) ?? [];
  const trigger = (name: string) =>
    triggers.find((each) => each.name === name || each.aliases.includes(name))?.title ??
    (name === 'api' ? t('asked') : name);
  return (
    <ListState
      isPending={list.isPending}
      error={list.error}
      onRetry={() => void list.refetch()}
      isEmpty={items.length === 0}
      empty={<EmptyState icon={IconHistory} title={t('runs.emptyTitle')} text={t('runs.emptyText')} />}
    >
      <DataTable
        label={t('tabs.runs')}
        rows={items.map((each) => ({ ...each, id: each.run_id }))}
        columns={[
          {
            title: t('runs.time'),
            cell: ({ run_id, triggered_at }) => (
              <Link className="row-link" to="/automations/logs/$logId" params={{ logId: run_id }}>
                <When at={triggered_at} />
              </Link>
            ),
          },
          { title: t('runs.trigger'), from: 'sm', cell: ({ triggered_by }) => trigger(triggered_by) },
          {
            title: t('state'),
            cell: ({ status, error_message }) => (
              <Stack gap={2}>
                <Group>
                  <StatusBadge status={STATUS[status] ?? status} />
                </Group>
                {error_message && (
                  <Text fz="xs" c="dimmed" lineClamp={2}>
                    {error_message}
                  </Text>
                )}
              </Stack>
            ),
          },
          { title: t('runs.duration'), from: 'sm', cell: ({ duration_ms }) => <Duration ms={duration_ms} /> },
          {
            title: t('runs.logs'),
            cell: (run) => (
              <Button size="compact-xs" variant="default" onClick={() => setReading(run)}>
                {t('runs.show')}
              </Button>
            ),
          },
        ]}
      />
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
      <Drawer
        opened={reading !== null}
        onClose={() => setReading(null)}
        title={t('runs.logs')}
        position="right"
        size="lg"
      >
        {reading && <Lines runId={reading.run_id} />}
      </Drawer>
    </ListState>
  );
}

function Lines({ runId }: { runId: string }) {
  const { t, i18n } = useTranslation('agents');
  const { data, isPending, error, refetch } = useQuery(runLinesQuery(runId));
  const clock = new Intl.DateTimeFormat(i18n.language, { timeStyle: 'medium' });
  return (
    <ListState
      isPending={isPending}
      error={error}
      onRetry={() => void refetch()}
      isEmpty={data?.items.length === 0}
      empty={
        <Text fz="sm" c="dimmed">
          {t('runs.noLines')}
        </Text>
      }
    >
      <Code block fz="xs" style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
        {data?.items
          .map(({ at, level, text }) => `${clock.format(new Date(at))} ${level} ${text}`)
          .join('\n')}
      </Code>
      <Link to="/automations/logs/$logId" params={{ logId: runId }}>
        <Text fz="sm" mt="sm">
          {t('runs.whole')}
        </Text>
      </Link>
    </ListState>
  );
}
