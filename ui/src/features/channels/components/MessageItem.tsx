import {
  ActionIcon,
  Anchor,
  Avatar,
  Badge,
  Button,
  Group,
  Popover,
  Stack,
  Text,
  Textarea,
} from '@mantine/core';
import { IconMessageReply, IconPencil, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { AnchorLink } from '~/design/links';
import { Prose } from '~/design/Prose';
import { AgentAvatar } from '~/features/agents/components/AgentAvatar';
import { useDeleteMessage, useEditMessage } from '../mutations';
import type { Message } from '../queries';
import { Attachments } from './Attachments';
import classes from './ChannelFrame.module.css';
import { pieces } from './mention';

interface Props {
  message: Message;
  /** The avatar of the agent that wrote it. */
  avatar: string | null | undefined;
  /** Written by the same soon after: without head. */
  follows: boolean;
  mine: boolean;
  mayDelete: boolean;
  clock: Intl.DateTimeFormat;
  onThread?: () => void;
}

/** One message with what one can do with it. */
export function MessageItem({ message, avatar, follows, mine, mayDelete, clock, onThread }: Props) {
  const { t } = useTranslation('channels');
  const [editing, setEditing] = useState(false);
  const { author, sent_at, deleted, replies } = message;
  return (
    <Group component="li" className={classes.message} gap="sm" align="flex-start" wrap="nowrap">
      {follows ? (
        <div style={{ width: 30, flexShrink: 0 }} />
      ) : author.kind === 'agent' ? (
        <AgentAvatar avatar={avatar ?? null} size={30} />
      ) : (
        <Avatar size={30} radius="md" name={author.name} color="gray" variant="light" aria-hidden />
      )}
      <Stack gap={2} style={{ minWidth: 0, flex: 1 }}>
        {!follows && (
          <Group gap={8}>
            <Text fz="sm" fw={600}>
              {author.name}
            </Text>
            {author.is_bot && (
              <Badge size="xs" variant="light" color="gray" tt="none">
                {t(author.kind === 'agent' ? 'agent' : 'bot')}
              </Badge>
            )}
            <Text fz="xs" c="dimmed" component="time" dateTime={sent_at}>
              {clock.format(new Date(sent_at))}
            </Text>
          </Group>
        )}
        {deleted ? (
          <Text fz="sm" c="dimmed" fs="italic">
            {t('deletedText')}
          </Text>
        ) : editing ? (
          <Editing message={message} onDone={() => setEditing(false)} />
        ) : (
          <Said message={message} />
        )}
        {replies > 0 && onThread && (
          <Anchor component="button" type="button" fz="xs" w="fit-content" onClick={onThread}>
            {t('replies', { count: replies })}
          </Anchor>
        )}
      </Stack>
      {!deleted && !editing && (
        <Group className={classes.tools} gap={0} wrap="nowrap">
          {onThread && (
            <ActionIcon variant="subtle" color="gray" aria-label={t('reply')} onClick={onThread}>
              <IconMessageReply size={15} />
            </ActionIcon>
          )}
          {mine && (
            <ActionIcon variant="subtle" color="gray" aria-label={t('edit')} onClick={() => setEditing(true)}>
              <IconPencil size={15} />
            </ActionIcon>
          )}
          {mayDelete && <Deleting message={message} />}
        </Group>
      )}
    </Group>
  );
}

/** A text in which those that are named stand out. */
function named(said: string) {
  return pieces(said).map(({ text, named: isName, at }) =>
    isName ? (
      <Text key={at} span fz="inherit" fw={600} c="var(--mantine-primary-color-light-color)">
        {text}
      </Text>
    ) : (
      text
    ),
  );
}

function Said({ message }: { message: Message }) {
  const { t } = useTranslation('channels');
  return (
    <>
      <Prose text={message.text} plain={named} />
      {message.edited_at && (
        <Text fz="xs" c="dimmed">
          {t('edited')}
        </Text>
      )}
      <Attachments attachments={message.attachments} />
      {message.run_id && (
        <AnchorLink
          to="/automations/logs/$logId"
          params={{ logId: message.run_id }}
          fz="xs"
          c="dimmed"
          w="fit-content"
        >
          {t('run')}
        </AnchorLink>
      )}
    </>
  );
}

function Editing({ message, onDone }: { message: Message; onDone: () => void }) {
  const { t } = useTranslation('channels');
  const [text, setText] = useState(message.text);
  const edit = useEditMessage(message, onDone);
  return (
    <Stack gap={6}>
      <Textarea
        aria-label={t('edit')}
        autosize
        autoFocus
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'Escape') onDone();
          if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
          event.preventDefault();
          if (text.trim()) edit.mutate(text.trim());
        }}
      />
      <Group gap={6}>
        <Button
          size="xs"
          disabled={!text.trim()}
          loading={edit.isPending}
          onClick={() => edit.mutate(text.trim())}
        >
          {t('save')}
        </Button>
        <Button size="xs" variant="subtle" color="gray" onClick={onDone}>
          {t('cancel')}
        </Button>
      </Group>
    </Stack>
  );
}

function Deleting({ message }: { message: Message }) {
  const { t } = useTranslation('channels');
  const [open, setOpen] = useState(false);
  const remove = useDeleteMessage(message);
  return (
    <Popover opened={open} onChange={setOpen} position="bottom-end" shadow="md" trapFocus>
      <Popover.Target>
        <ActionIcon variant="subtle" color="gray" aria-label={t('delete')} onClick={() => setOpen(!open)}>
          <IconTrash size={15} />
        </ActionIcon>
      </Popover.Target>
      <Popover.Dropdown>
        <Text fz="sm" mb="xs">
          {t('deleteText')}
        </Text>
        <Button size="xs" color="red" loading={remove.isPending} onClick={() => remove.mutate()}>
          {t('delete')}
        </Button>
      </Popover.Dropdown>
    </Popover>
  );
}
