import { Alert, Button, Group, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { catalogQuery } from '~/features/catalog/queries';
import { NeededConnectionDrawer } from '~/features/connections/components/NeededConnectionDrawer';
import { everyConnectionQuery } from '~/features/connections/queries';
import { useMayConnect } from '~/features/connections/roles';

/** Why nobody would answer, and the way out where it is a missing provider. */
export function WhyOffline({ reasons }: { reasons: string[] }) {
  const { t } = useTranslation('agents');
  const [connecting, setConnecting] = useState(false);
  const kinds = useQuery(catalogQuery()).data?.connections.filter(({ purpose }) => purpose === 'model') ?? [];
  const mayConnect = useMayConnect();
  const { data: saved } = useQuery(everyConnectionQuery());
  const names = kinds.map(({ name }) => name);
  const lacks = saved && !saved.some(({ kind }) => names.includes(kind));
  if (reasons.length === 0) return null;
  return (
    <Alert color="yellow" variant="light" py="xs" mb="md">
      <Group justify="space-between" gap="xs">
        <div style={{ flex: 1, minWidth: 200 }}>
          {reasons.map((reason) => (
            <Text fz="sm" key={reason}>
              {reason}
            </Text>
          ))}
        </div>
        {lacks && mayConnect && (
          <Button size="xs" variant="default" onClick={() => setConnecting(true)}>
            {t('model.connect')}
          </Button>
        )}
      </Group>
      <NeededConnectionDrawer
        opened={connecting}
        onClose={() => setConnecting(false)}
        title={t('model.connect')}
        kinds={names}
        onCreated={() => setConnecting(false)}
      />
    </Alert>
  );
}
