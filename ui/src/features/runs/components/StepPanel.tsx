import { Alert, Button, Group, Skeleton, Stack, Tabs, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Duration } from '~/design/Duration';
import { LoadError } from '~/design/ListState';
import { AnchorLink } from '~/design/links';
import { Moment } from '~/design/Moment';
import { StatusBadge } from '~/design/StatusBadge';
import type { Json } from '~/design/treeRows';
import { nameOf, said } from '~/i18n/failures';
import { type StepRun, stepQuery } from '../queries';
import { attemptsOf } from '../timeline';
import { StoredValue } from './StoredValue';

interface Props {
  runId: string;
  step: StepRun;
  sentence?: string;
  onReplayFrom?: (stepId: string) => void;
}

/** One step of a run: what went in, what came out, each attempt, and what went wrong. */
export function StepPanel({ runId, step, sentence, onReplayFrom }: Props) {
  const { t } = useTranslation('runs');
  const [whole, setWhole] = useState<string | null>(null);
  const full = whole === step.id;
  const seen = `${step.status} ${step.completed_at ?? ''} ${step.attempt}`;
  const { data, error, refetch } = useQuery(stepQuery(runId, step.id, seen, full));
  const attempts = attemptsOf(step);
  const root = `steps.${step.step_id}.output`;
  const part = (value: Json | undefined, label: string, at: string) =>
    data && value !== undefined ? (
      <StoredValue value={value} label={label} root={at} onWhole={() => setWhole(step.id)} />
    ) : (
      <Skeleton height={80} />
    );
  return (
    <Stack gap="sm" component="section" aria-label={t('stepTitle', { step: step.step_id })}>
      <Group justify="space-between" wrap="nowrap" align="flex-start">
        <div style={{ minWidth: 0 }}>
          <Title order={2} fz="md" style={{ overflowWrap: 'anywhere' }}>
            {step.step_id}
            {step.iteration && ` #${step.iteration}`}
          </Title>
          {sentence && (
            <Text fz="sm" c="dimmed">
              {sentence}
            </Text>
          )}
        </div>
        <StatusBadge status={step.status} />
      </Group>
      <Group gap="lg" fz="sm" c="dimmed">
        <span>{step.action_type}</span>
        <Duration ms={step.duration_ms} />
        {step.started_at && <Moment at={step.started_at} as="clock" />}
        {attempts.length > 0 && <span>{t('attempt', { number: step.attempt })}</span>}
      </Group>
      {step.copied_from && (
        <Text fz="sm" c="dimmed">
          {t('takenOverText')}
        </Text>
      )}
      {step.error && (
        <Alert color="red" variant="light" title={nameOf(step.error_code) ?? step.error_code}>
          <Text fz="sm" lang="en" style={{ overflowWrap: 'anywhere', whiteSpace: 'pre-wrap' }}>
            {step.error}
          </Text>
        </Alert>
      )}
      {attempts.length > 0 && (
        <details>
          <summary className="step-attempts">{t('failedAttempts', { count: attempts.length })}</summary>
          <ol className="step-attempt-list">
            {attempts.map((each, index) => (
              <li key={each.attempt ?? index}>
                {each.started_at && <Moment at={each.started_at} as="clock" />}{' '}
                {said(each.code, each.error ?? each.code ?? '')}
              </li>
            ))}
          </ol>
        </details>
      )}
      {error ? (
        <LoadError error={error} onRetry={() => void refetch()} />
      ) : (
        <Tabs defaultValue="output" keepMounted={false} key={step.id}>
          <Tabs.List>
            <Tabs.Tab value="output">{t('output')}</Tabs.Tab>
            <Tabs.Tab value="input">{t('input')}</Tabs.Tab>
          </Tabs.List>
          <Tabs.Panel value="output" pt="xs">
            {part(data?.output as Json | undefined, t('output'), root)}
          </Tabs.Panel>
          <Tabs.Panel value="input" pt="xs">
            {part(data?.input as Json | undefined, t('input'), '')}
          </Tabs.Panel>
        </Tabs>
      )}
      <Group>
        {onReplayFrom && !step.iteration && (
          <Button variant="default" size="xs" onClick={() => onReplayFrom(step.step_id)}>
            {t('replayFromHere')}
          </Button>
        )}
        <AnchorLink
          fz="xs"
          to="/automations/logs/$logId"
          params={{ logId: runId }}
          search={{ step: step.id }}
        >
          {t('linkToStep')}
        </AnchorLink>
      </Group>
    </Stack>
  );
}
