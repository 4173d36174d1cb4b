import { Alert, Button, Skeleton, Stack } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';

interface Props {
  isPending: boolean;
  error: Error | null;
  onRetry: () => void;
  isEmpty: boolean;
  empty: ReactNode;
  children: ReactNode;
}

const ROWS = ['a', 'b', 'c', 'd', 'e', 'f'];

/** A list in each of its states: loading, failed, empty, there. */
export function ListState({ isPending, error, onRetry, isEmpty, empty, children }: Props) {
  const { t } = useTranslation();
  if (isPending) {
    return (
      <Stack gap={8} aria-busy="true" aria-label={t('loading')} role="status">
        {ROWS.map((row) => (
          <Skeleton key={row} height={40} />
        ))}
      </Stack>
    );
  }
  if (error) return <LoadError error={error} onRetry={onRetry} />;
  return isEmpty ? empty : children;
}

export function LoadError({ error, onRetry }: { error: Error; onRetry: () => void }) {
  const { t } = useTranslation();
  return (
    <Alert color="red" variant="light" icon={<IconAlertTriangle />} title={t('loadFailed')}>
      <Stack gap="sm" align="flex-start">
        {error.message}
        <Button size="xs" variant="default" onClick={onRetry}>
          {t('tryAgain')}
        </Button>
      </Stack>
    </Alert>
  );
}
