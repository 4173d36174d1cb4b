import { Group, Skeleton, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { Duration } from '~/design/Duration';
import { AnchorLink } from '~/design/links';
import type { Json } from '~/design/treeRows';
import { StepIcon } from '~/features/runs/components/StepIcon';
import { StoredValue } from '~/features/runs/components/StoredValue';
import { runQuery, type StepRun, stepQuery } from '~/features/runs/queries';

const SHOWN = 6;

/** What the run did before it asked: the last steps, and what the last of them gave. */
export function RunSoFar({ runId }: { runId: string }) {
  const { t } = useTranslation('approvals');
  const { data } = useQuery(runQuery(runId));
  if (!data) return <Skeleton height={60} />;
  const ended = data.action_logs.filter((step) => step.status === 'success' || step.status === 'failed');
  const last = ended.at(-1);
  return (
    <section aria-label={t('soFar')}>
      <Group justify="space-between" mb={4}>
        <Text fz="sm" fw={600}>
          {t('soFar')}
        </Text>
        <AnchorLink fz="sm" to="/automations/logs/$logId" params={{ logId: runId }}>
          {t('openRun')}
        </AnchorLink>
      </Group>
      {ended.length === 0 && (
        <Text fz="sm" c="dimmed">
          {t('firstStep')}
        </Text>
      )}
      {ended.slice(-SHOWN).map((step) => (
        <Group key={step.id} gap={8} wrap="nowrap" fz="sm">
          <StepIcon status={step.status} />
          <Text span fz="sm" truncate>
            {step.step_id}
          </Text>
          <Text span fz="xs" c="dimmed">
            {step.action_type} · <Duration ms={step.duration_ms} />
          </Text>
        </Group>
      ))}
      {last && <LastOutput runId={runId} step={last} />}
      {data.credits !== null && (
        <Text fz="xs" c="dimmed" mt={6}>
          {t('spentSoFar', { count: data.credits })}
        </Text>
      )}
    </section>
  );
}

function LastOutput({ runId, step }: { runId: string; step: StepRun }) {
  const { t } = useTranslation('approvals');
  const { data } = useQuery(stepQuery(runId, step.id, `${step.status} ${step.completed_at}`, false));
  if (!data) return <Skeleton height={40} mt="xs" />;
  return (
    <div style={{ marginTop: 8 }}>
      <Text fz="xs" c="dimmed">
        {t('outputOf', { step: step.step_id })}
      </Text>
      <StoredValue value={data.output as Json} label={step.step_id} root={`steps.${step.step_id}.output`} />
    </div>
  );
}
