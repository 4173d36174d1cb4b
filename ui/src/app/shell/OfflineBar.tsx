import { Alert } from '@mantine/core';
import { useNetwork } from '@mantine/hooks';
import { IconWifiOff } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';

/** Says that what is shown may be old: the network or the live stream is away. */
export function OfflineBar({ live }: { live: boolean }) {
  const { t } = useTranslation();
  const { online } = useNetwork();
  if (online && live) return null;
  return (
    <Alert color="yellow" variant="light" py={8} mb="md" icon={<IconWifiOff size={17} />} role="status">
      {t('shell.offline')}
    </Alert>
  );
}
