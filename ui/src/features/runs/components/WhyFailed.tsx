import { Alert, Button, Code, Group, Stack, Text } from '@mantine/core';
import { IconAlertTriangle, IconPencil, IconRefresh } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { Json } from '~/design/treeRows';
import { EditLink } from '~/features/automations/detail/EditLink';
import { FailureText } from '~/features/failures/FailureText';
import { failureOf } from '../failure';
import { type RunDetail, type StepRun, stepQuery } from '../queries';
import { StoredValue } from './StoredValue';

interface Props {
  run: RunDetail;
  onRetry: () => void;
  isRetrying: boolean;
  onReplay: () => void;
  onStep: (step: StepRun) => void;
  canAct: boolean;
  /** The configuration of each step by its id, as the run had it. */
  configOf: (step: string) => Json | undefined;
  /** A version that was published after the run, where there is one; `onNewer` retries with it. */
  newer: number | null;
  onNewer: () => void;
}

/** Why a run failed: the sentence first, then the request, the response and the field; and what to do. */
export function WhyFailed(props: Props) {
  const { run, onRetry, isRetrying, onReplay, onStep, canAct, configOf, newer, onNewer } = props;
  const { t } = useTranslation('runs');
  const step =
    run.action_logs.find((each) => each.step_id === run.error_step && each.status !== 'success') ??
    run.action_logs.find((each) => each.status === 'failed' || each.status === 'unknown');
  return (
    <Alert
      color="red"
      variant="light"
      icon={<IconAlertTriangle />}
      title={step ? t('failedAt', { step: step.step_id }) : t('failedTitle')}
      mb="md"
    >
      <Stack gap="sm">
        <div>
          <FailureText
            code={run.error ? run.error_code : step?.error_code}
            sentence={run.error ?? step?.error ?? ''}
          />
        </div>
        {step && <Evidence runId={run.id} step={step} config={configOf(step.step_id)} />}
        <Group gap="xs">
          {canAct && (
            <>
              {newer !== null && (
                <Button
                  size="xs"
                  leftSection={<IconRefresh size={14} />}
                  onClick={onNewer}
                  loading={isRetrying}
                >
                  {t('retryNewer', { number: newer })}
                </Button>
              )}
              <Button
                size="xs"
                variant={newer === null ? 'filled' : 'default'}
                leftSection={<IconRefresh size={14} />}
                onClick={onRetry}
                loading={isRetrying}
              >
                {t(newer === null ? 'retry' : 'retrySame')}
              </Button>
              <Button size="xs" variant="default" onClick={onReplay}>
                {t('replayEdited')}
              </Button>
              <EditLink
                size="xs"
                variant="default"
                leftSection={<IconPencil size={14} />}
                automationId={run.automation_id}
                run={run.id}
                step={step?.step_id}
              >
                {t('openInEditor')}
              </EditLink>
            </>
          )}
          {step && (
            <Button size="xs" variant="subtle" onClick={() => onStep(step)}>
              {t('showStep')}
            </Button>
          )}
        </Group>
      </Stack>
    </Alert>
  );
}

function Evidence({ runId, step, config }: { runId: string; step: StepRun; config?: Json }) {
  const { t } = useTranslation('runs');
  const { data } = useQuery(
    stepQuery(runId, step.id, `${step.status} ${step.completed_at ?? ''} ${step.attempt}`, false),
  );
  if (!data) return null;
  const found = failureOf(data, config);
  const facts: [string, ReactNode][] = [];
  if (found.request) facts.push([t('request'), <Code key="request">{found.request}</Code>]);
  if (found.sent)
    facts.push([
      t('sent'),
      <Code key="sent" className="why-sent">
        {typeof found.sent.value === 'string' ? found.sent.value : JSON.stringify(found.sent.value)}
      </Code>,
    ]);
  if (found.status !== null) facts.push([t('response'), <Code key="response">{found.status}</Code>]);
  if (found.field)
    facts.push([
      t('field'),
      <Code key="field">{[found.field.path, found.field.value].filter(Boolean).join(': ')}</Code>,
    ]);
  if (facts.length === 0 && found.response === undefined) return null;
  return (
    <Stack gap={6}>
      {facts.map(([name, value]) => (
        <Group
          key={name}
          gap="xs"
          fz="sm"
          wrap="nowrap"
          align="baseline"
          style={{ overflowWrap: 'anywhere' }}
        >
          <Text span fz="xs" c="dimmed" w={74} style={{ flexShrink: 0 }}>
            {name}
          </Text>
          {value}
        </Group>
      ))}
      {found.response !== undefined && found.response !== null && (
        <StoredValue
          value={found.response as Json}
          label={t('response')}
          root={`steps.${step.step_id}.output.body`}
        />
      )}
    </Stack>
  );
}
