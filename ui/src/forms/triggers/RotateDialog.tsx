import { Alert, Button, Group, Modal, PasswordInput, Select, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { fieldErrors } from '~/api/problem';
import { done } from '~/design/toast';
import { tellSecret } from './secretOnce';
import { useRotateSecret, type WebhookState } from './webhookQueries';

const KEEP = { none: 0, hour: 3600, day: 86_400, week: 604_800 } as const;
type Keep = keyof typeof KEEP;

interface Props {
  automationId: string;
  state: WebhookState;
  onClose: () => void;
}

/** A new secret; the old one goes on for a while, so that the sender can be changed in between. */
export function RotateDialog({ automationId, state, onClose }: Props) {
  const { t } = useTranslation('forms');
  const [keep, setKeep] = useState<Keep>('day');
  const [secret, setSecret] = useState('');
  const rotate = useRotateSecret(automationId);
  const send = () =>
    rotate.mutate(
      { keep_old_s: KEEP[keep], ...(state.made_here ? {} : { secret }) },
      {
        onSuccess: (rotated) => {
          if (rotated.secret) tellSecret(automationId, rotated.secret);
          done(t('webhook.rotated'));
          onClose();
        },
      },
    );
  const wrong = fieldErrors(rotate.error).secret;
  return (
    <Modal
      opened
      onClose={onClose}
      title={state.made_here ? t('webhook.rotate') : t('webhook.enterSecret')}
      closeButtonProps={{ 'aria-label': t('close') }}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          event.stopPropagation();
          send();
        }}
      >
        <Stack gap="md">
          <Text fz="sm">{state.made_here ? t('webhook.rotateText') : t('webhook.enterText')}</Text>
          {!state.made_here && (
            <PasswordInput
              label={t('webhook.secret')}
              autoComplete="off"
              required
              minLength={8}
              error={wrong}
              value={secret}
              onChange={(event) => setSecret(event.currentTarget.value)}
            />
          )}
          {state.secret_set_at && (
            <Select
              label={t('webhook.keepOld')}
              allowDeselect={false}
              data={(Object.keys(KEEP) as Keep[]).map((each) => ({
                value: each,
                label: t(`webhook.keep.${each}`),
              }))}
              value={keep}
              onChange={(next) => next && setKeep(next as Keep)}
            />
          )}
          {rotate.error && !wrong && (
            <Alert color="red" variant="light" role="alert">
              {rotate.error.message}
            </Alert>
          )}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t('cancel')}
            </Button>
            <Button type="submit" loading={rotate.isPending}>
              {state.made_here ? t('webhook.rotate') : t('webhook.saveSecret')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
