import { Drawer, Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { catalogQuery } from '~/features/catalog/queries';
import type { ConnectionKind } from '../queries';
import { ConnectionForm } from './ConnectionForm';
import { KindPicker } from './KindPicker';

interface Props {
  opened: boolean;
  onClose: () => void;
  /** With the id of the connection that was made. */
  onCreated: (id: string) => void;
  /** Only kinds for this purpose, such as `slack`; all of them when missing. */
  purpose?: string | null;
  /** Only these kinds. */
  kinds?: string[];
}

/** A new connection, made without leaving the form that needs it. */
export function NewConnectionDrawer({ opened, onClose, onCreated, purpose, kinds }: Props) {
  const { t } = useTranslation('connections');
  const { data: catalog } = useQuery(catalogQuery());
  const [picked, setPicked] = useState<ConnectionKind | null>(null);
  const offered = catalog?.connections.filter(
    (kind) => (!purpose || kind.purpose === purpose) && (!kinds || kinds.includes(kind.name)),
  );
  const kind = picked ?? (offered?.length === 1 ? (offered[0] ?? null) : null);
  return (
    <Drawer
      opened={opened}
      onClose={onClose}
      position="right"
      size="lg"
      title={kind ? t('newOf', { kind: kind.title }) : t('newTitle')}
      closeButtonProps={{ 'aria-label': t('close') }}
    >
      {!offered && <Skeleton height={160} />}
      {offered && !kind && <KindPicker kinds={offered} onPick={setPicked} />}
      {kind && (
        <ConnectionForm
          key={kind.name}
          kind={kind}
          onBack={offered && offered.length > 1 ? () => setPicked(null) : undefined}
          onCreated={({ id }) => onCreated(id)}
        />
      )}
    </Drawer>
  );
}
