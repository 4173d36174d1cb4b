import { ActionIcon, Badge, Group, Menu, Stack, Text, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { IconHash, IconLock, IconMessage, IconPlug, IconPlus, IconSearch } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ListState } from '~/design/ListState';
import { useMayUse } from '~/features/connections/roles';
import { type Channel, channelsQuery } from '../queries';
import classes from './ChannelFrame.module.css';
import { NewChannel } from './NewChannel';
import { NewDirect } from './NewDirect';

const TYPING_MS = 250;

function icon({ kind, connection_id, is_open }: Channel) {
  if (connection_id) return IconPlug;
  if (kind === 'direct') return IconMessage;
  return is_open ? IconHash : IconLock;
}

/** Rooms, direct rooms, and those of accounts, with what is unread. */
export function ChannelList({ openId }: { openId?: string }) {
  const { t } = useTranslation('channels');
  const navigate = useNavigate();
  const { q } = useSearch({ strict: false }) as { q?: string };
  const { data, isPending, error, refetch } = useQuery(channelsQuery());
  const mayEdit = useMayUse();
  const [making, setMaking] = useState<'room' | 'direct' | null>(null);
  const searchLater = useDebouncedCallback(
    (next: string) => void navigate({ to: '/channels', search: { q: next || undefined } }),
    TYPING_MS,
  );
  const items = data?.items ?? [];
  const byName = (a: Channel, b: Channel) => a.name.localeCompare(b.name);
  const byTime = (a: Channel, b: Channel) => (b.last_message_at ?? '').localeCompare(a.last_message_at ?? '');
  const own = items.filter(({ connection_id }) => !connection_id);
  const sections = [
    { name: 'rooms', rows: own.filter(({ kind }) => kind === 'room').sort(byName) },
    { name: 'directs', rows: own.filter(({ kind }) => kind === 'direct').sort(byTime) },
    { name: 'accounts', rows: items.filter(({ connection_id }) => connection_id).sort(byName) },
  ] as const;
  return (
    <Stack gap="sm" component="nav" aria-label={t('title')}>
      <Group gap={6} wrap="nowrap">
        <TextInput
          aria-label={t('search')}
          placeholder={t('search')}
          leftSection={<IconSearch size={15} aria-hidden />}
          defaultValue={q ?? ''}
          onChange={(event) => searchLater(event.currentTarget.value)}
          style={{ flex: 1 }}
        />
        <Menu>
          <Menu.Target>
            <ActionIcon variant="default" size={34} aria-label={t('new')}>
              <IconPlus size={16} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item leftSection={<IconMessage size={15} />} onClick={() => setMaking('direct')}>
              {t('newDirect')}
            </Menu.Item>
            {mayEdit && (
              <Menu.Item leftSection={<IconHash size={15} />} onClick={() => setMaking('room')}>
                {t('newRoom')}
              </Menu.Item>
            )}
          </Menu.Dropdown>
        </Menu>
      </Group>
      <ListState
        isPending={isPending}
        error={error}
        onRetry={() => void refetch()}
        isEmpty={items.length === 0}
        empty={
          <Text fz="sm" c="dimmed">
            {t('emptyText')}
          </Text>
        }
      >
        {sections
          .filter(({ rows }) => rows.length > 0)
          .map(({ name, rows }) => (
            <Stack key={name} gap={1}>
              <Text fz="xs" c="dimmed" fw={600} px={8} id={`channels-${name}`}>
                {t(`section.${name}`)}
              </Text>
              {rows.map((channel) => (
                <Entry key={channel.id} channel={channel} open={channel.id === openId} />
              ))}
            </Stack>
          ))}
      </ListState>
      <NewChannel opened={making === 'room'} onClose={() => setMaking(null)} />
      <NewDirect opened={making === 'direct'} onClose={() => setMaking(null)} />
    </Stack>
  );
}

function Entry({ channel, open }: { channel: Channel; open: boolean }) {
  const { t } = useTranslation('channels');
  const Icon = icon(channel);
  return (
    <Link
      className={classes.entry}
      to="/channels/$channelId"
      params={{ channelId: channel.id }}
      aria-current={open ? 'page' : undefined}
    >
      <Icon size={15} stroke={1.6} aria-hidden style={{ flexShrink: 0 }} />
      <Text fz="sm" truncate fw={channel.unread ? 650 : 450} style={{ flex: 1 }}>
        {channel.name}
      </Text>
      {channel.unread > 0 && (
        <Badge size="sm" circle={channel.unread < 10} aria-label={t('unread', { count: channel.unread })}>
          {channel.unread > 99 ? '99+' : channel.unread}
        </Badge>
      )}
    </Link>
  );
}
