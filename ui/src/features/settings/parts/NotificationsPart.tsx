import { Button, Group, Radio, Select, Stack, Text, TextInput, Title } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { answer, api } from '~/api/client';
import { useOptimistic } from '~/api/optimistic';
import type { components } from '~/api/schema';
import { AnchorLink } from '~/design/links';
import { done, failed } from '~/design/toast';
import { accountKeys } from '~/features/accounts/queries';
import { everyConnectionQuery } from '~/features/connections/queries';
import { approvalChatQuery, settingsKeys } from '../queries';
import { isAdmin, type PartProps } from './props';

type Me = components['schemas']['MeView'];
type Mails = Me['user']['mail_notifications'];
const MAILS = ['approvals', 'all', 'none'] as const;

/** What also comes by mail, and where questions stand besides the inbox. */
export function NotificationsPart({ me }: PartProps) {
  const { t } = useTranslation('settings');
  const change = useOptimistic<Mails, Me>({
    queryKey: accountKeys.me,
    change: (data, mail_notifications) => ({ ...data, user: { ...data.user, mail_notifications } }),
    send: (mail_notifications) => answer(api.PATCH('/api/me', { body: { mail_notifications } })),
    onSuccess: () => done(t('saved')),
    onError: (error) => failed(error),
  });
  return (
    <Stack gap="xl">
      <Radio.Group
        label={t('mails')}
        description={t('mailsHint')}
        value={me.user.mail_notifications}
        onChange={(value) => change.mutate(MAILS.find((each) => each === value) ?? 'approvals')}
      >
        <Stack gap="xs" mt="xs">
          {MAILS.map((each) => (
            <Radio key={each} value={each} label={t(`mail.${each}`)} />
          ))}
        </Stack>
      </Radio.Group>
      <Chat me={me} />
    </Stack>
  );
}

function Chat({ me }: PartProps) {
  const { t } = useTranslation('settings');
  const client = useQueryClient();
  const { data: chat } = useQuery(approvalChatQuery());
  const apps = (useQuery(everyConnectionQuery()).data ?? []).filter(({ kind }) => kind === 'slack');
  const [typed, setTyped] = useState<string | null>(null);
  const [app, setApp] = useState<string | null>(null);
  const connection = app ?? chat?.connection_id ?? apps[0]?.id ?? null;
  const channel = typed ?? chat?.channel ?? '';
  const readAgain = () => client.invalidateQueries({ queryKey: settingsKeys.chat });
  const save = useMutation({
    mutationFn: (body: components['schemas']['ApprovalChatBody']) =>
      answer(api.PUT('/api/approvals/chat', { body })),
    onSuccess: () => {
      void readAgain();
      setTyped(null);
      done(t('saved'));
    },
    onError: (error) => failed(error),
  });
  const clear = useMutation({
    mutationFn: () => answer(api.DELETE('/api/approvals/chat')),
    onSuccess: () => {
      const before = chat;
      void readAgain();
      setTyped(null);
      done(
        t('chatCleared'),
        before?.connection_id && before.channel
          ? {
              label: t('putBack'),
              act: () =>
                save.mutate({ connection_id: before.connection_id ?? '', channel: before.channel ?? '' }),
            }
          : undefined,
      );
    },
    onError: (error) => failed(error),
  });
  return (
    <Stack gap="xs" maw={440}>
      <Title order={2}>{t('chat')}</Title>
      <Text fz="sm" c="dimmed">
        {chat?.connection_id ? t('chatNow', { channel: chat.channel }) : t('chatNone')}
      </Text>
      {isAdmin(me) &&
        (apps.length === 0 ? (
          <AnchorLink to="/connections" fz="sm">
            {t('chatConnect')}
          </AnchorLink>
        ) : (
          <form
            onSubmit={(event) => {
              event.preventDefault();
              if (connection && channel.trim())
                save.mutate({ connection_id: connection, channel: channel.trim() });
            }}
          >
            <Stack gap="sm">
              <Select
                label={t('slackApp')}
                data={apps.map(({ id, name }) => ({ value: id, label: name }))}
                value={connection}
                onChange={setApp}
                allowDeselect={false}
              />
              <TextInput
                label={t('slackChannel')}
                placeholder="#approvals"
                value={channel}
                onChange={(event) => setTyped(event.currentTarget.value)}
              />
              <Group gap="xs">
                <Button type="submit" loading={save.isPending} disabled={!channel.trim()}>
                  {t('save')}
                </Button>
                {chat?.connection_id && (
                  <Button
                    variant="subtle"
                    color="gray"
                    loading={clear.isPending}
                    onClick={() => clear.mutate()}
                  >
                    {t('chatClear')}
                  </Button>
                )}
              </Group>
            </Stack>
          </form>
        ))}
    </Stack>
  );
}
