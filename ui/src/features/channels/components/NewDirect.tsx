import { Button, Modal, MultiSelect, Stack } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { answer, api } from '~/api/client';
import { failed } from '~/design/toast';
import { channelKeys } from '../queries';
import { useEverybody } from './useEverybody';

/** A direct room with people and agents; the same ones always meet in the same room. */
export function NewDirect({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const { t } = useTranslation('channels');
  const client = useQueryClient();
  const navigate = useNavigate();
  const [chosen, setChosen] = useState<string[]>([]);
  const { people, agents } = useEverybody();
  const make = useMutation({
    mutationFn: () =>
      answer(
        api.POST('/api/channels', { body: { kind: 'direct', members: chosen, topic: '', is_open: false } }),
      ),
    onSuccess: ({ id }) => {
      void client.invalidateQueries({ queryKey: channelKeys.all });
      setChosen([]);
      onClose();
      void navigate({ to: '/channels/$channelId', params: { channelId: id } });
    },
    onError: (error) => failed(error),
  });
  return (
    <Modal opened={opened} onClose={onClose} title={t('newDirect')} centered>
      <Stack gap="sm">
        <MultiSelect
          label={t('with')}
          data-autofocus
          searchable
          data={[
            { group: t('agents'), items: agents.map(({ id, name }) => ({ value: id, label: name })) },
            { group: t('people'), items: people.map(({ id, name }) => ({ value: id, label: name })) },
          ].filter(({ items }) => items.length > 0)}
          value={chosen}
          onChange={setChosen}
        />
        <Button disabled={chosen.length === 0} loading={make.isPending} onClick={() => make.mutate()} mt="xs">
          {t('begin')}
        </Button>
      </Stack>
    </Modal>
  );
}
