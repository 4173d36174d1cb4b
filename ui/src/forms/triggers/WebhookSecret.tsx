import { Alert, Button, Group, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { When } from '~/design/When';
import { CopyField } from './CopyField';
import { RotateDialog } from './RotateDialog';
import { tellSecret, useToldSecret } from './secretOnce';
import type { WebhookState } from './webhookQueries';

interface Props {
  automationId: string;
  state: WebhookState;
  readOnly?: boolean;
}

/** A webhook's secret: shown once where it was just made, else since when it is the one; and a new one. */
export function WebhookSecret({ automationId, state, readOnly = false }: Props) {
  const { t } = useTranslation('forms');
  const secret = useToldSecret(automationId);
  const [rotating, setRotating] = useState(false);
  return (
    <>
      {secret ? (
        <Alert color="yellow" variant="light" title={t('webhook.secretOnce')}>
          <Stack gap="xs">
            <CopyField label={t('webhook.secret')} text={secret} />
            <Button
              size="xs"
              variant="default"
              w="fit-content"
              onClick={() => tellSecret(automationId, null)}
            >
              {t('webhook.kept')}
            </Button>
          </Stack>
        </Alert>
      ) : (
        <SecretLine state={state} readOnly={readOnly} onRotate={() => setRotating(true)} />
      )}
      {rotating && (
        <RotateDialog automationId={automationId} state={state} onClose={() => setRotating(false)} />
      )}
    </>
  );
}

interface SecretProps {
  state: WebhookState;
  readOnly: boolean;
  onRotate: () => void;
}

function SecretLine({ state, readOnly, onRotate }: SecretProps) {
  const { t } = useTranslation('forms');
  return (
    <Group justify="space-between" gap="xs">
      <div>
        <Text fz="sm">
          {state.secret_set_at ? (
            <>
              {t('webhook.secretSet')} <When at={state.secret_set_at} />
            </>
          ) : (
            t('webhook.secretMissing')
          )}
        </Text>
        {state.old_until && (
          <Text fz="xs" c="dimmed">
            {t('webhook.oldUntil')} <When at={state.old_until} />
          </Text>
        )}
      </div>
      {!readOnly && (
        <Button variant="default" size="xs" onClick={onRotate}>
          {state.made_here ? t('webhook.rotate') : t('webhook.enterSecret')}
        </Button>
      )}
    </Group>
  );
}
