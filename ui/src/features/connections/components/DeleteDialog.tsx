import { Alert, Button, Group, Modal, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { useDeleteConnection } from '../mutations';
import { type Connection, usageQuery } from '../queries';
import { UsesList } from './UsesList';

/** A deleted connection can't be brought back: its secrets are gone. It says who uses it before. */
export function DeleteDialog({ connection, onClose }: { connection: Connection; onClose: () => void }) {
  const { t } = useTranslation('connections');
  const navigate = useNavigate();
  const { data: uses } = useQuery({ ...usageQuery(connection.id), staleTime: 0 });
  const remove = useDeleteConnection();
  const used = (uses?.length ?? 0) > 0;
  return (
    <Modal
      opened
      onClose={onClose}
      title={t('deleteTitle', { name: connection.name })}
      closeButtonProps={{ 'aria-label': t('close') }}
    >
      <Stack gap="md">
        <Text fz="sm">{used ? t('deleteUsed') : t('deleteText')}</Text>
        {used && <UsesList connectionId={connection.id} />}
        {remove.error && (
          <Alert color="red" variant="light" role="alert">
            {remove.error.message}
          </Alert>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose} data-autofocus>
            {t('keep')}
          </Button>
          <Button
            color="red.9"
            loading={remove.isPending}
            disabled={!uses}
            onClick={() =>
              remove.mutate(
                { connection, force: used },
                { onSuccess: () => void navigate({ to: '/connections', replace: true }) },
              )
            }
          >
            {used ? t('deleteAnyway') : t('delete')}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
