import { Alert, Button, Group, Loader, Stack, Text } from '@mantine/core';
import { useDocumentVisibility } from '@mantine/hooks';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { type ReactNode, useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { ListState } from '~/design/ListState';
import { meQuery } from '~/features/accounts/queries';
import { useMarkRead } from '../mutations';
import { type Channel, type Message, membersQuery, messagesQuery } from '../queries';
import classes from './ChannelFrame.module.css';
import { Composer } from './Composer';
import { MessageItem } from './MessageItem';
import { useOutbox } from './outbox';
import { useEverybody } from './useEverybody';

const SOON_MS = 5 * 60_000;

interface Props {
  channel: Channel;
  thread?: string;
  onThread?: (messageId: string) => void;
}

/** What is said in a channel or a thread, and where one says something. */
export function Conversation({ channel, thread, onThread }: Props) {
  const { t, i18n } = useTranslation('channels');
  const { data: me } = useQuery(meQuery());
  const { agents, handles } = useEverybody();
  const list = useInfiniteQuery(messagesQuery(channel.id, thread));
  const outbox = useOutbox(channel.id);
  const visible = useDocumentVisibility() === 'visible';
  const { mutate: markRead } = useMarkRead(channel.id);
  const messages = (list.data?.pages.flatMap((page) => page.items) ?? []).toSorted((a, b) =>
    a.id < b.id ? -1 : 1,
  );
  useEffect(() => {
    if (visible && !thread && channel.unread > 0) markRead();
  }, [visible, thread, channel.unread, markRead]);
  const clock = new Intl.DateTimeFormat(i18n.language, { timeStyle: 'short' });
  const day = new Intl.DateTimeFormat(i18n.language, { dateStyle: 'full' });
  const dayOf = ({ sent_at }: Message) => day.format(new Date(sent_at));
  const isAdmin = me?.workspace.role === 'owner' || me?.workspace.role === 'admin';
  return (
    <>
      <div className={classes.scroller} role="log" aria-label={channel.name}>
        <div>
          <ListState
            isPending={list.isPending}
            error={list.error}
            onRetry={() => void list.refetch()}
            isEmpty={messages.length === 0 && outbox.waiting.length === 0}
            empty={
              <Text fz="sm" c="dimmed" p="md">
                {t('noMessages')}
              </Text>
            }
          >
            {list.hasNextPage && (
              <Button
                variant="subtle"
                size="xs"
                mx="auto"
                display="block"
                loading={list.isFetchingNextPage}
                onClick={() => void list.fetchNextPage()}
              >
                {t('older')}
              </Button>
            )}
            <Stack gap={2} component="ul" p={0} m={0} style={{ listStyle: 'none' }}>
              {messages.map((message, at) => {
                const before = messages[at - 1];
                const newDay = !before || dayOf(before) !== dayOf(message);
                return [
                  newDay && (
                    <Text key={`day-${message.id}`} component="li" fz="xs" c="dimmed" ta="center" py={6}>
                      {dayOf(message)}
                    </Text>
                  ),
                  <MessageItem
                    key={message.id}
                    message={message}
                    avatar={agents.find(({ id }) => id === message.author.id)?.avatar}
                    follows={!newDay && follows(before, message)}
                    mine={message.author.id === me?.user.id && !channel.connection_id}
                    mayDelete={!channel.connection_id && (isAdmin || message.author.id === me?.user.id)}
                    clock={clock}
                    onThread={onThread && (() => onThread(message.thread_id ?? message.id))}
                  />,
                ];
              })}
            </Stack>
            <Waitings outbox={outbox} thread={thread} />
          </ListState>
        </div>
      </div>
      <AtWork channel={channel} />
      <Foot channel={channel}>
        <Composer
          key={`${channel.id}-${thread ?? ''}`}
          keptAs={`${channel.id}.${thread ?? ''}`}
          placeholder={thread ? t('replyHere') : t('writeTo', { name: channel.name })}
          handles={handles}
          onSend={(text, files) => outbox.send(text, files, thread)}
        />
      </Foot>
    </>
  );
}

function follows(before: Message | undefined, message: Message): boolean {
  if (!before || before.author.id !== message.author.id || before.author.kind !== message.author.kind)
    return false;
  return Date.parse(message.sent_at) - Date.parse(before.sent_at) < SOON_MS;
}

/** What is on its way, and what did not get there. */
function Waitings({ outbox, thread }: { outbox: ReturnType<typeof useOutbox>; thread: string | undefined }) {
  const { t } = useTranslation('channels');
  return outbox.waiting
    .filter((each) => each.thread === thread)
    .map((each) => (
      <Stack key={each.key} gap={2} px={8} py={3} pl={48}>
        <Text
          fz="sm"
          c={each.error ? undefined : 'dimmed'}
          style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}
        >
          {each.text}
        </Text>
        {each.error ? (
          <Group gap={8} role="alert">
            <Text fz="xs" c="red">
              {t('notSent', { reason: each.error.message })}
            </Text>
            <Button size="compact-xs" variant="default" onClick={() => outbox.retry(each)}>
              {t('sendAgain')}
            </Button>
            <Button size="compact-xs" variant="subtle" color="gray" onClick={() => outbox.drop(each)}>
              {t('drop')}
            </Button>
          </Group>
        ) : (
          <Text fz="xs" c="dimmed">
            {t('sending')}
          </Text>
        )}
      </Stack>
    ));
}

/** The agents of this channel that work on something now. */
function AtWork({ channel }: { channel: Channel }) {
  const { t } = useTranslation('channels');
  const members = useQuery(membersQuery(channel.id)).data?.items ?? [];
  const { agents } = useEverybody();
  const busy = agents.filter(
    ({ id, status }) => status === 'processing' && members.some(({ agent_id }) => agent_id === id),
  );
  return (
    <Group gap={8} h={22} px={8} role="status">
      {busy.length > 0 && (
        <>
          <Loader size={14} type="dots" aria-hidden />
          <Text fz="xs" c="dimmed">
            {t('atWork', { count: busy.length, names: busy.map(({ name }) => name).join(', ') })}
          </Text>
        </>
      )}
    </Group>
  );
}

function Foot({ channel, children }: { channel: Channel; children: ReactNode }) {
  const { t } = useTranslation('channels');
  if (!channel.archived && !channel.connection_id) return children;
  return (
    <Alert color="gray" variant="light" py="xs">
      {t(channel.archived ? 'archivedNote' : 'outsideNote')}
    </Alert>
  );
}
