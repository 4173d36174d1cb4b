import { Skeleton, Stack, Tabs, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { Problem } from '~/api/problem';
import { LoadError } from '~/design/ListState';
import { CapturePanel } from './CapturePanel';
import { CopyField } from './CopyField';
import { curlLine } from './curl';
import { Deliveries } from './Deliveries';
import { useToldSecret } from './secretOnce';
import type { TriggerSample } from './TriggerForm';
import { WebhookSecret } from './WebhookSecret';
import { webhookQuery } from './webhookQueries';

interface Props {
  automationId: string;
  draft?: unknown;
  readOnly?: boolean;
  onSample?: (sample: TriggerSample) => void;
  sampled?: unknown;
  /** False: it is not published, or switched off, so that a request is refused unless it is captured. */
  live?: boolean;
}

/** The address of a webhook, its secret (shown once), a line to try it with, a captured request, what arrived. */
export function WebhookPanel({
  automationId,
  draft,
  readOnly = false,
  onSample,
  sampled,
  live = true,
}: Props) {
  const { t } = useTranslation('forms');
  const { data, error, refetch } = useQuery(webhookQuery(automationId, draft));
  const secret = useToldSecret(automationId);
  if (error instanceof Problem && error.code === 'no_webhook') {
    return (
      <Text fz="sm" c="dimmed" mb="sm">
        {t('webhook.notYet')}
      </Text>
    );
  }
  if (error) return <LoadError error={error} onRetry={() => void refetch()} />;
  if (!data) return <Skeleton height={180} mb="md" />;
  return (
    <Stack gap="sm" mb="lg">
      <CopyField label={t('webhook.url')} text={data.url} />
      <WebhookSecret automationId={automationId} state={data} readOnly={readOnly} />
      <Tabs defaultValue="capture" keepMounted={false}>
        <Tabs.List>
          <Tabs.Tab value="capture">{t('webhook.capture')}</Tabs.Tab>
          <Tabs.Tab value="curl">{t('webhook.curl')}</Tabs.Tab>
          <Tabs.Tab value="deliveries">{t('webhook.deliveries')}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="capture" pt="sm">
          <CapturePanel
            automationId={automationId}
            readOnly={readOnly}
            curl={curlLine(data, secret)}
            onSample={onSample}
            sampled={sampled}
          />
        </Tabs.Panel>
        <Tabs.Panel value="curl" pt="sm">
          <Stack gap="xs">
            {!live && <Text fz="sm">{t('webhook.notLive')}</Text>}
            <CopyField label={t('webhook.curlHelp')} text={curlLine(data, secret)} block />
          </Stack>
        </Tabs.Panel>
        <Tabs.Panel value="deliveries" pt="sm">
          <Deliveries automationId={automationId} readOnly={readOnly} />
        </Tabs.Panel>
      </Tabs>
    </Stack>
  );
}
