import { Button, Group, MultiSelect, Select, Stack, Text, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { answer, api } from '~/api/client';
import { failed } from '~/design/toast';
import { catalogQuery } from '~/features/catalog/queries';
import { channelKeys, channelsQuery } from '~/features/channels/queries';
import { everyConnectionQuery } from '~/features/connections/queries';
import type { StepProps } from './props';

const WHILE_BUSY = ['queue', 'merge', 'interrupt'] as const;

/** Where it is spoken to: rooms, and a mailbox of its own. */
export function ChannelsStep({ draft, change, errors }: StepProps) {
  const { t } = useTranslation('agents');
  const channels = useQuery(channelsQuery()).data?.items ?? [];
  const rooms = channels.filter(({ kind }) => kind === 'room');
  return (
    <Stack>
      <MultiSelect
        label={t('channels.rooms')}
        description={t('channels.roomsHint')}
        placeholder={draft.channels.length ? '' : t('channels.roomsPlaceholder')}
        searchable
        data={rooms.map(({ id, name, connection_id }) => ({
          value: id,
          label: connection_id ? t('channels.outside', { name }) : `#${name}`,
        }))}
        value={draft.channels.filter((id) => rooms.some((room) => room.id === id))}
        onChange={(next) => change({ channels: next })}
        error={errors.channels}
      />
      <NewRoom onMade={(id) => change({ channels: [...draft.channels, id] })} />
      {draft.channels.length > 0 && (
        <Select
          label={t('channels.whileBusy')}
          data={WHILE_BUSY.map((value) => ({ value, label: t(`channels.${value}`) }))}
          value={draft.settings.while_busy}
          onChange={(value) =>
            change({
              settings: {
                ...draft.settings,
                while_busy: WHILE_BUSY.find((each) => each === value) ?? 'queue',
              },
            })
          }
          allowDeselect={false}
        />
      )}
      <Mailbox draft={draft} change={change} errors={errors} />
      <Text fz="sm" c="dimmed">
        {t('channels.anyway')}
      </Text>
    </Stack>
  );
}

function NewRoom({ onMade }: { onMade: (id: string) => void }) {
  const { t } = useTranslation('agents');
  const client = useQueryClient();
  const [name, setName] = useState('');
  const make = useMutation({
    mutationFn: () =>
      answer(
        api.POST('/api/channels', {
          body: { name: name.trim(), kind: 'room', topic: '', is_open: true, members: [] },
        }),
      ),
    onSuccess: async ({ id }) => {
      await client.invalidateQueries({ queryKey: channelKeys.all });
      setName('');
      onMade(id);
    },
    onError: (error) => failed(error),
  });
  return (
    <Group align="flex-end" gap="xs">
      <TextInput
        label={t('channels.newRoom')}
        placeholder={t('channels.newRoomPlaceholder')}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== 'Enter' || !name.trim()) return;
          event.preventDefault();
          make.mutate();
        }}
        style={{ flex: 1 }}
      />
      <Button
        variant="default"
        disabled={!name.trim()}
        loading={make.isPending}
        onClick={() => make.mutate()}
      >
        {t('channels.make')}
      </Button>
    </Group>
  );
}

function Mailbox({ draft, change, errors }: Pick<StepProps, 'draft' | 'change' | 'errors'>) {
  const { t } = useTranslation('agents');
  const kinds = useQuery(catalogQuery()).data?.connections ?? [];
  const saved = useQuery(everyConnectionQuery()).data ?? [];
  const of = (purpose: string) =>
    saved
      .filter(({ kind }) => kinds.find(({ name }) => name === kind)?.purpose === purpose)
      .map(({ id, name }) => ({ value: id, label: name }));
  const inboxes = of('mail_in');
  if (inboxes.length === 0 && !draft.email) return null;
  const mail = (part: NonNullable<typeof draft.email>) => {
    const next = { ...draft.email, ...part };
    change({ email: Object.values(next).some(Boolean) ? next : null });
  };
  return (
    <Group grow align="flex-start">
      <Select
        label={t('channels.inbox')}
        placeholder={t('channels.noInbox')}
        data={inboxes}
        value={draft.email?.inbox ?? null}
        onChange={(inbox) => mail({ inbox })}
        error={errors['email.inbox']}
        clearable
      />
      <Select
        label={t('channels.account')}
        placeholder={t('channels.noInbox')}
        data={of('mail_out')}
        value={draft.email?.account ?? null}
        onChange={(account) => mail({ account })}
        error={errors['email.account']}
        clearable
      />
    </Group>
  );
}
