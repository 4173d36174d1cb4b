import { Alert, Group, Paper, Skeleton, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { Ref } from 'react';
import { useTranslation } from 'react-i18next';
import { LoadError } from '~/design/ListState';
import { StatusBadge } from '~/design/StatusBadge';
import { When } from '~/design/When';
import { useAnswer } from '../mutations';
import { approvalQuery } from '../queries';
import { Deadline } from './Deadline';
import { Decision, type DecisionHandle } from './Decision';
import { RunSoFar } from './RunSoFar';
import { WhoMay } from './WhoMay';

interface Props {
  id: string;
  /** Where the run is shown around it already. */
  isInRun?: boolean;
  onAnswered?: () => void;
  ref?: Ref<DecisionHandle>;
}

/** One question: what is asked, what led to it, who may answer until when; and the answer. */
export function ApprovalDetail({ id, isInRun, onAnswered, ref }: Props) {
  const { t } = useTranslation('approvals');
  const { data, error, refetch } = useQuery(approvalQuery(id));
  const decide = useAnswer();
  if (error) return <LoadError error={error} onRetry={() => void refetch()} />;
  if (!data) return <Skeleton height={260} />;
  const isOpen = data.state === 'pending';
  return (
    <Paper withBorder p="md" component="article" aria-label={data.message}>
      <Stack gap="md">
        <div>
          <Group gap="xs" mb={4}>
            <Text fz="xs" c="dimmed">
              {isInRun ? t(`kinds.${data.kind}`) : `${data.automation_name} · ${t(`kinds.${data.kind}`)}`} ·{' '}
              {data.step_id}
              {data.iteration && ` #${data.iteration}`}
            </Text>
            {!isOpen && <StatusBadge status={data.state} />}
          </Group>
          <Title order={2} fz="md" style={{ overflowWrap: 'anywhere', whiteSpace: 'pre-wrap' }}>
            {data.message}
          </Title>
          <Group gap="md" mt={4}>
            <Text span fz="sm" c="dimmed">
              {t('askedAt')} <When at={data.created_at} />
            </Text>
            {isOpen && <Deadline question={data} />}
            <WhoMay who={data.who} />
          </Group>
        </div>
        {!isInRun && <RunSoFar runId={data.run_id} />}
        {isOpen && data.may_answer && (
          <Decision
            key={data.id}
            ref={ref}
            question={data}
            isPending={decide.isPending}
            error={decide.error}
            onAnswer={(reply) => decide.mutate({ approval: data, reply }, { onSuccess: onAnswered })}
          />
        )}
        {isOpen && !data.may_answer && <Alert variant="light">{t('notYours')}</Alert>}
        {!isOpen && (
          <Text fz="sm">
            {data.decided_how === 'deadline'
              ? t('byDeadline')
              : t('decidedBy', { who: data.decided_by_name ?? data.decided_by ?? '—' })}{' '}
            <When at={data.decided_at} />
            {data.comment && (
              <Text span display="block" fz="sm" c="dimmed" mt={4} style={{ whiteSpace: 'pre-wrap' }}>
                “{data.comment}”
              </Text>
            )}
          </Text>
        )}
      </Stack>
    </Paper>
  );
}
