import { Alert, Group, Skeleton, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { Duration } from '~/design/Duration';
import { LoadError } from '~/design/ListState';
import { StatusBadge } from '~/design/StatusBadge';
import type { Json } from '~/design/treeRows';
import { FailureText } from '~/features/failures/FailureText';
import { outline } from '~/features/graph/outline';
import { useRunLive } from '../live';
import { ranQuery, runQuery } from '../queries';
import { stepRows } from '../timeline';
import { StepIcon } from './StepIcon';
import { StoredValue } from './StoredValue';

const SHOWN = 60;

/** A run in short, as it goes on: its steps, and how it ended. */
export function LiveSteps({ runId }: { runId: string }) {
  const { t } = useTranslation('runs');
  const { t: tApp } = useTranslation();
  const { data: run, error, refetch } = useQuery(runQuery(runId));
  const { data: ran } = useQuery(ranQuery(runId));
  useRunLive(runId, run);
  const rows = useMemo(
    () => stepRows(outline(ran?.definition.actions), run?.action_logs ?? [], () => null),
    [ran, run],
  );
  if (error && !run) return <LoadError error={error} onRetry={() => void refetch()} />;
  if (!run) return <Skeleton height={90} />;
  return (
    <Stack gap="xs">
      <Group gap="sm">
        <StatusBadge status={run.status} />
        <Text span fz="sm" c="dimmed">
          <Duration ms={run.duration_ms} />
        </Text>
      </Group>
      <Stack gap="xs" role="list" aria-label={t('steps')}>
        {rows.slice(0, SHOWN).map((row) => {
          if (row.kind === 'more') return null;
          const status = row.step?.status ?? (run.completed_at ? 'notRun' : 'pending');
          const word = status === 'notRun' ? t('notRun') : tApp(`status.${status}`);
          return (
            <Group key={row.key} gap={8} wrap="nowrap" role="listitem" aria-label={`${row.id} ${word}`}>
              <StepIcon status={status} />
              <Text span fz="sm" truncate>
                {row.id}
              </Text>
              {row.step && (
                <Text span fz="xs" c="dimmed">
                  <Duration ms={row.step.duration_ms} />
                </Text>
              )}
            </Group>
          );
        })}
      </Stack>
      {rows.length > SHOWN && (
        <Text fz="xs" c="dimmed">
          {t('andMore', { count: rows.length - SHOWN })}
        </Text>
      )}
      {run.error && (
        <Alert color="red" variant="light" p="xs">
          <FailureText code={run.error_code} sentence={run.error} />
        </Alert>
      )}
      {run.waiting_for && <Text fz="sm">{run.waiting_for.reason}</Text>}
      {run.status === 'success' && run.output !== null && (
        <StoredValue value={run.output as Json} label={t('runOutput')} root="" />
      )}
    </Stack>
  );
}
