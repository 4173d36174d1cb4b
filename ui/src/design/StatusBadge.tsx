import { Badge } from '@mantine/core';
import { useTranslation } from 'react-i18next';

const COLORS = {
  success: 'teal',
  failed: 'red',
  running: 'blue',
  queued: 'gray',
  waiting: 'yellow',
  cancelled: 'gray',
  skipped: 'gray',
  pending: 'yellow',
  active: 'teal',
  inactive: 'gray',
  draft: 'yellow',
  deleted: 'gray',
  unknown: 'red',
  approved: 'teal',
  rejected: 'red',
  expired: 'gray',
  withdrawn: 'gray',
  done: 'teal',
  repeat: 'blue',
  cancel: 'gray',
} as const;

type Known = keyof typeof COLORS;

function isKnown(status: string): status is Known {
  return status in COLORS;
}

interface Props {
  status: string;
  /** Another word for it here. */
  label?: string;
  title?: string;
}

/** A state as a word with a colour. */
export function StatusBadge({ status, label, title }: Props) {
  const { t } = useTranslation();
  return (
    <Badge
      variant="light"
      autoContrast
      color={isKnown(status) ? COLORS[status] : 'gray'}
      tt="none"
      fw={500}
      size="md"
      radius="sm"
      title={title}
    >
      {label ?? (isKnown(status) ? t(`status.${status}`) : status)}
    </Badge>
  );
}
