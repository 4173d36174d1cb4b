import { Alert } from '@mantine/core';
import { IconAlertTriangle, IconCheck } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import type { Tested } from '../queries';

/** What the service said when it was asked. */
export function TestResult({ tested }: { tested: Tested }) {
  const { t } = useTranslation('connections');
  return (
    <Alert
      role="status"
      variant="light"
      color={tested.ok ? 'teal' : 'red'}
      icon={tested.ok ? <IconCheck /> : <IconAlertTriangle />}
      title={tested.ok ? t('testOk') : t('testFailed')}
    >
      {tested.message}
    </Alert>
  );
}
