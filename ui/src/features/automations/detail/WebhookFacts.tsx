import {
  ActionIcon,
  Alert,
  Button,
  Code,
  CopyButton,
  Group,
  Modal,
  NumberInput,
  Stack,
  Text,
  TextInput,
  Tooltip,
} from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconCheck, IconCopy, IconKey } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Moment } from '~/design/Moment';
import { EditLink } from './EditLink';
import { useRotate } from './mutations';
import { type AutomationDetail, webhookQuery } from './queries';

const HOUR_S = 3600;
/** Styles whose secret the sending system makes. */
const SENDERS = ['slack', 'stripe'];

/** The webhook: its address, since when its secret is the one, and a new one. */
export function WebhookFacts({ automation }: { automation: AutomationDetail }) {
  const { t } = useTranslation('automations');
  const { data } = useQuery(webhookQuery(automation.id));
  const [open, { open: show, close }] = useDisclosure();
  const url = automation.webhook?.url;
  if (!url) return null;
  return (
    <section aria-label={t('webhook')}>
      <Text fz="sm" fw={600} mb={4}>
        {t('webhook')}
      </Text>
      <Group gap={4} wrap="nowrap">
        <Code style={{ overflowWrap: 'anywhere' }}>{url}</Code>
        <Copy text={url} />
      </Group>
      {data?.secret_set_at && (
        <Text fz="sm" c="dimmed" mt={4}>
          {t('secretSet')} <Moment at={data.secret_set_at} as="minute" />
          {data.old_until && (
            <>
              {' · '}
              {t('oldSecretUntil')} <Moment at={data.old_until} as="minute" />
            </>
          )}
        </Text>
      )}
      <Group gap="xs" mt="xs">
        <Button size="xs" variant="default" leftSection={<IconKey size={14} />} onClick={show}>
          {t('rotate')}
        </Button>
        <EditLink size="xs" variant="default" automationId={automation.id}>
          {t('openTrigger')}
        </EditLink>
      </Group>
      {open && <Rotate automation={automation} onClose={close} />}
    </section>
  );
}

function Copy({ text }: { text: string }) {
  const { t } = useTranslation('automations');
  return (
    <CopyButton value={text}>
      {({ copied, copy }) => (
        <Tooltip label={t(copied ? 'copied' : 'copy')}>
          <ActionIcon variant="subtle" color="gray" aria-label={t('copy')} onClick={copy}>
            {copied ? <IconCheck size={15} /> : <IconCopy size={15} />}
          </ActionIcon>
        </Tooltip>
      )}
    </CopyButton>
  );
}

function Rotate({ automation, onClose }: { automation: AutomationDetail; onClose: () => void }) {
  const { t } = useTranslation('automations');
  const { t: tApp } = useTranslation();
  const rotate = useRotate(automation.id);
  const [hours, setHours] = useState<number | string>(24);
  const [secret, setSecret] = useState('');
  const style = String(automation.trigger_config.style ?? '');
  const isSenders = SENDERS.includes(style);
  const made = rotate.data?.secret;
  return (
    <Modal
      opened
      onClose={onClose}
      closeButtonProps={{ 'aria-label': tApp('close') }}
      title={t('rotateTitle')}
      closeOnClickOutside={!made}
    >
      {rotate.data ? (
        <Stack gap="sm">
          {made ? (
            <>
              <Alert variant="light" color="yellow">
                {t('secretOnce')}
              </Alert>
              <Group gap={4} wrap="nowrap">
                <Code block style={{ overflowWrap: 'anywhere', whiteSpace: 'pre-wrap' }}>
                  {made}
                </Code>
                <Copy text={made} />
              </Group>
            </>
          ) : (
            <Text fz="sm">{t('secretTaken')}</Text>
          )}
          {rotate.data.old_until && (
            <Text fz="sm" c="dimmed">
              {t('oldSecretUntil')} <Moment at={rotate.data.old_until} as="minute" />
            </Text>
          )}
          <Group justify="flex-end">
            <Button onClick={onClose}>{tApp('close')}</Button>
          </Group>
        </Stack>
      ) : (
        <Stack gap="sm">
          <Text fz="sm">{t('rotateText')}</Text>
          {isSenders && (
            <TextInput
              label={t('sendersSecret')}
              value={secret}
              onChange={(event) => setSecret(event.currentTarget.value)}
              autoComplete="off"
            />
          )}
          <NumberInput
            label={t('keepOld')}
            description={t('keepOldText')}
            min={0}
            max={168}
            value={hours}
            onChange={setHours}
          />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {tApp('cancel')}
            </Button>
            <Button
              loading={rotate.isPending}
              disabled={isSenders && secret.length < 8}
              onClick={() =>
                rotate.mutate({ keep_old_s: Math.round(Number(hours) * HOUR_S), secret: secret || null })
              }
            >
              {t('rotateNow')}
            </Button>
          </Group>
        </Stack>
      )}
    </Modal>
  );
}
