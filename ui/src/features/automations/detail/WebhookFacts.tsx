import { Skeleton, Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { useMayUse } from '~/features/connections/roles';
import { CopyField } from '~/forms/triggers/CopyField';
import { WebhookSecret } from '~/forms/triggers/WebhookSecret';
import { webhookQuery } from '~/forms/triggers/webhookQueries';
import { EditLink } from './EditLink';
import type { AutomationDetail } from './queries';

/** The webhook as it is live: its address, since when its secret is the one, and a new one. */
export function WebhookFacts({ automation }: { automation: AutomationDetail }) {
  const { t } = useTranslation('automations');
  const { data, isPending } = useQuery({
    ...webhookQuery(automation.id, null),
    enabled: automation.webhook !== null,
  });
  const mayEdit = useMayUse();
  if (!automation.webhook) return null;
  return (
    <Stack component="section" gap="xs" aria-label={t('webhook')}>
      {isPending && <Skeleton height={60} />}
      {data && (
        <>
          <CopyField label={t('webhook')} text={data.url} />
          <WebhookSecret automationId={automation.id} state={data} readOnly={!mayEdit} />
        </>
      )}
      <EditLink size="xs" variant="default" automationId={automation.id} w="fit-content">
        {t('openTrigger')}
      </EditLink>
    </Stack>
  );
}
