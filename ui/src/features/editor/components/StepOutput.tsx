import { Alert, Badge, Button, Group, Stack, Text } from '@mantine/core';
import { IconPlayerPlay } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { Duration } from '~/design/Duration';
import { FailureText } from '~/features/failures/FailureText';
import { own } from '../document/own';
import { useSamples } from '../state/samples';
import { JsonView } from './JsonView';
import { SampleSource } from './SampleSource';
import { useTrial } from './useTrial';

/** What the step gave in the last run, and trying it out with the sample. */
export function StepOutput({ id }: { id: string }) {
  const { t } = useTranslation('editor');
  const output = useSamples((samples) => own(samples.outputs, id));
  const has = useSamples((samples) => Object.hasOwn(samples.outputs, id));
  const error = useSamples((samples) => own(samples.errors, id));
  const tested = useSamples((samples) => own(samples.tested, id));
  const trial = useTrial(id);
  const told = trial.data;
  return (
    <Stack gap="sm">
      <Group gap="xs">
        <Button
          size="xs"
          data-test-step
          leftSection={<IconPlayerPlay size={14} />}
          loading={trial.isPending}
          onClick={() => trial.mutate(false)}
        >
          {t('testStep')}
        </Button>
        <Text fz="xs" c="dimmed">
          Shift + Enter
        </Text>
      </Group>
      {trial.error && (
        <Alert color="red" variant="light" p="xs">
          {trial.error.message}
        </Alert>
      )}
      {told?.error && (
        <Alert color="red" variant="light" p="xs" title={t('testFailed')}>
          <FailureText code={told.error_code} sentence={told.error} />
        </Alert>
      )}
      {told && !told.sent && !told.error && told.output === null && (
        <Alert color="yellow" variant="light" p="xs" title={t('onlyRendered')}>
          <Stack gap="xs" align="flex-start">
            <Text fz="xs">{t(told.effect === 'unsafe' ? 'unsafeText' : 'changesText')}</Text>
            <Button size="xs" variant="default" loading={trial.isPending} onClick={() => trial.mutate(true)}>
              {t('reallyDo')}
            </Button>
          </Stack>
        </Alert>
      )}
      {told?.waits && <Text fz="xs">{told.waits}</Text>}
      {told?.lines.map((line) => (
        <Text key={line} fz="xs" c="dimmed">
          {line}
        </Text>
      ))}
      {told && told.rendered !== null && (
        <div>
          <Text fz="xs" fw={500} mb={4}>
            {t('rendered')}
          </Text>
          <JsonView value={told.rendered} label={t('rendered')} />
        </div>
      )}
      {has ? (
        <div>
          <Group gap={8} mb={4}>
            <Text fz="xs" fw={500}>
              {t('output')}
            </Text>
            {tested && (
              <Badge size="sm" variant="light" color="gray" tt="none" fw={500}>
                {t('ofTest')}
              </Badge>
            )}
            {told?.sent && (
              <Text fz="xs" c="dimmed">
                <Duration ms={told.duration_ms} />
              </Text>
            )}
          </Group>
          <JsonView value={output} label={t('output')} />
        </div>
      ) : (
        !told && (
          <Text fz="xs" c="dimmed">
            {t('noOutputYet')}
          </Text>
        )
      )}
      {error && !told && (
        <Alert color="red" variant="light" p="xs" title={t('failedThere')}>
          {error}
        </Alert>
      )}
      {!tested && <SampleSource />}
    </Stack>
  );
}
