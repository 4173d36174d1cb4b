import { Alert, Badge, Button, Code, Group, Loader, Skeleton, Stack, Text } from '@mantine/core';
import { IconTarget } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { When } from '~/design/When';
import { CopyField } from './CopyField';
import type { TriggerSample } from './TriggerForm';
import { captureQuery, useArm } from './webhookQueries';

interface Props {
  automationId: string;
  readOnly: boolean;
  /** A line for a shell that sends something. */
  curl: string;
  onSample?: (sample: TriggerSample) => void;
  /** The data that is the sample now. */
  sampled?: unknown;
}

/** The next request is kept as a sample and starts nothing: at the same address, draft or live. */
export function CapturePanel({ automationId, readOnly, curl, onSample, sampled }: Props) {
  const { t } = useTranslation('forms');
  const { data } = useQuery(captureQuery(automationId));
  const arm = useArm(automationId);
  if (!data) return <Skeleton height={60} />;
  const { sample } = data;
  return (
    <Stack gap="sm" aria-live="polite">
      {data.state === 'armed' ? (
        <Alert
          variant="light"
          color="indigo"
          icon={<Loader size={16} aria-hidden />}
          title={t('webhook.waiting')}
        >
          {t('webhook.waitingText')} <When at={data.armed_until} />
        </Alert>
      ) : (
        !sample && (
          <Text fz="sm" c="dimmed">
            {t('webhook.captureText')}
          </Text>
        )
      )}
      {data.state === 'armed' && <CopyField label={t('webhook.curlHelp')} text={curl} block />}
      {sample && data.state !== 'armed' && (
        <Stack gap={6}>
          <Group gap={8}>
            <Badge variant="light" color={sample.authentic ? 'teal' : 'yellow'} tt="none" radius="sm">
              {sample.authentic ? t('webhook.authentic') : t('webhook.notAuthentic')}
            </Badge>
            <Text fz="xs" c="dimmed">
              <When at={sample.received_at} />
            </Text>
          </Group>
          {sample.data === sampled && (
            <Text fz="xs" c="dimmed">
              {t('webhook.isSample')}
            </Text>
          )}
          {sample.problem && (
            <Text fz="xs" c="var(--mantine-color-yellow-light-color)">
              {sample.problem}
            </Text>
          )}
          <Code
            block
            fz="xs"
            mah={240}
            style={{ overflow: 'auto' }}
            tabIndex={0}
            aria-label={t('webhook.sample')}
          >
            {JSON.stringify(sample.data, null, 2)}
          </Code>
        </Stack>
      )}
      {!readOnly && data.state !== 'armed' && (
        <Group gap="xs">
          <Button
            size="xs"
            variant={sample ? 'default' : 'filled'}
            leftSection={<IconTarget size={14} />}
            loading={arm.isPending}
            onClick={() => arm.mutate()}
          >
            {sample ? t('webhook.captureAgain') : t('webhook.captureNext')}
          </Button>
          {sample && onSample && sample.data !== sampled && (
            <Button
              size="xs"
              onClick={() => onSample({ data: sample.data, headers: sample.headers, query: sample.query })}
            >
              {t('webhook.useSample')}
            </Button>
          )}
        </Group>
      )}
    </Stack>
  );
}
