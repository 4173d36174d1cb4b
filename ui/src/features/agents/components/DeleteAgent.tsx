import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useDeleteAgent } from '../mutations';
import type { Agent } from '../queries';

interface Props {
  agent: Agent;
  opened: boolean;
  onClose: () => void;
}

/** Asks, since it can't be undone; says what goes with it. */
export function DeleteAgent({ agent, opened, onClose }: Props) {
  const { t } = useTranslation('agents');
  const remove = useDeleteAgent();
  return (
    <Modal opened={opened} onClose={onClose} title={t('deleteTitle', { name: agent.name })} centered>
      <Stack>
        <Text fz="sm">{agent.automation_id ? t('deleteWithAutomation') : t('deleteText')}</Text>
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose} data-autofocus>
            {t('keep')}
          </Button>
          <Button color="red" loading={remove.isPending} onClick={() => remove.mutate(agent)}>
            {t('delete')}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
