import { Drawer } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { Connection } from '../queries';
import { NeededConnection } from './NeededConnection';

interface Props {
  opened: boolean;
  onClose: () => void;
  title: string;
  /** The kinds that will do. */
  kinds: string[];
  onCreated: (connection: Connection) => void;
}

/** A new connection where one is missing, without leaving what one does. */
export function NeededConnectionDrawer({ opened, onClose, title, kinds, onCreated }: Props) {
  const { t } = useTranslation('connections');
  return (
    <Drawer
      opened={opened}
      onClose={onClose}
      title={title}
      position="right"
      size="md"
      closeButtonProps={{ 'aria-label': t('close') }}
    >
      <NeededConnection
        kinds={kinds}
        onCreated={(connection) => {
          onClose();
          onCreated(connection);
        }}
      />
    </Drawer>
  );
}
