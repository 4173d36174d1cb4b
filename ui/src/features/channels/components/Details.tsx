import { Button, Drawer, Group, Modal, Select, Stack, Switch, Text, TextInput, Title } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { fieldErrors } from '~/api/problem';
import { ListState } from '~/design/ListState';
import { AgentStatus } from '~/features/agents/components/AgentStatus';
import { useMayUse } from '~/features/connections/roles';
import { useAddMember, useArchive, useChangeChannel, useRemoveMember } from '../mutations';
import { type Channel, membersQuery } from '../queries';
import { useEverybody } from './useEverybody';

/** Who is in a channel, and what it is called. */
export function Details({
  channel,
  opened,
  onClose,
}: {
  channel: Channel;
  opened: boolean;
  onClose: () => void;
}) {
  const { t } = useTranslation('channels');
  const mayEdit = useMayUse();
  const isRoom = channel.kind === 'room' && mayEdit;
  return (
    <Drawer
      opened={opened}
      onClose={onClose}
      title={channel.name}
      position="right"
      closeButtonProps={{ 'aria-label': t('close') }}
    >
      <Stack gap="lg">
        {isRoom && !channel.connection_id && <RoomForm key={channel.id} channel={channel} />}
        <Members channel={channel} />
        {isRoom && !channel.connection_id && <Archive channel={channel} />}
      </Stack>
    </Drawer>
  );
}

function RoomForm({ channel }: { channel: Channel }) {
  const { t } = useTranslation('channels');
  const change = useChangeChannel(channel);
  const form = useForm({
    initialValues: { name: channel.name, topic: channel.topic, is_open: channel.is_open },
    validate: { name: (value) => (value.trim() ? null : t('nameMissing')) },
  });
  return (
    <form
      onSubmit={form.onSubmit((values) =>
        change.mutate(values, {
          onSuccess: () => form.resetDirty(),
          onError: (error) => form.setErrors({ name: error.message, ...fieldErrors(error) }),
        }),
      )}
    >
      <Stack gap="sm">
        <TextInput label={t('name')} {...form.getInputProps('name')} />
        <TextInput label={t('topic')} {...form.getInputProps('topic')} />
        <Switch
          label={t('open')}
          description={t('openHint')}
          {...form.getInputProps('is_open', { type: 'checkbox' })}
        />
        <Button type="submit" w="fit-content" disabled={!form.isDirty()} loading={change.isPending}>
          {t('save')}
        </Button>
      </Stack>
    </form>
  );
}

function Members({ channel }: { channel: Channel }) {
  const { t } = useTranslation('channels');
  const { data, isPending, error, refetch } = useQuery(membersQuery(channel.id));
  const { people, agents } = useEverybody();
  const mayEdit = useMayUse();
  const add = useAddMember(channel);
  const remove = useRemoveMember(channel);
  const items = data?.items ?? [];
  const inside = new Set(items.map(({ user_id, agent_id }) => user_id ?? agent_id));
  const options = (of: { id: string; name: string }[]) =>
    of.filter(({ id }) => !inside.has(id)).map(({ id, name }) => ({ value: id, label: name }));
  const changes = channel.kind === 'room' && mayEdit;
  return (
    <Stack gap="xs">
      <Title order={3}>{t('members')}</Title>
      {channel.is_open && (
        <Text fz="xs" c="dimmed">
          {t('openMembers')}
        </Text>
      )}
      {changes && (
        <Select
          aria-label={t('add')}
          placeholder={t('add')}
          searchable
          value={null}
          data={[
            { group: t('agents'), items: options(agents) },
            { group: t('people'), items: options(people) },
          ].filter((group) => group.items.length > 0)}
          onChange={(id) => id && add.mutate(id)}
        />
      )}
      <ListState
        isPending={isPending}
        error={error}
        onRetry={() => void refetch()}
        isEmpty={items.length === 0}
        empty={
          <Text fz="sm" c="dimmed">
            {t('nobody')}
          </Text>
        }
      >
        {items.map((member) => {
          const agent = agents.find(({ id }) => id === member.agent_id);
          return (
            <Group key={member.id} justify="space-between" wrap="nowrap">
              <Stack gap={0} style={{ minWidth: 0 }}>
                <Text fz="sm" truncate>
                  {member.name}
                </Text>
                {agent && (
                  <Text fz="xs" c="dimmed" component="div">
                    <AgentStatus status={agent.status} />
                  </Text>
                )}
              </Stack>
              {changes && (
                <Button
                  size="compact-xs"
                  variant="subtle"
                  color="gray"
                  aria-label={t('removeOf', { name: member.name })}
                  onClick={() => remove.mutate(member)}
                >
                  {t('remove')}
                </Button>
              )}
            </Group>
          );
        })}
      </ListState>
    </Stack>
  );
}

function Archive({ channel }: { channel: Channel }) {
  const { t } = useTranslation('channels');
  const [asking, setAsking] = useState(false);
  const archive = useArchive(channel);
  return (
    <>
      <Button variant="subtle" color="red" w="fit-content" px={0} onClick={() => setAsking(true)}>
        {t('archive')}
      </Button>
      <Modal
        opened={asking}
        onClose={() => setAsking(false)}
        title={t('archiveTitle', { name: channel.name })}
        centered
      >
        <Stack>
          <Text fz="sm">{t('archiveText')}</Text>
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={() => setAsking(false)}>
              {t('cancel')}
            </Button>
            <Button color="red" loading={archive.isPending} onClick={() => archive.mutate()}>
              {t('archive')}
            </Button>
          </Group>
        </Stack>
      </Modal>
    </>
  );
}
