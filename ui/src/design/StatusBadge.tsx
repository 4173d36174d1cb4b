import { Badge } from '@mantine/core';
import { t } from 'i18next';
import type { CSSProperties } from 'react';
import { useLanguage } from '~/i18n/language';

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
const { root, label: inner } = Badge.classes;
const STYLES = new Map(Object.values(COLORS).map((color) => [color, styleOf(color)]));

function styleOf(color: string): CSSProperties {
  const light = `var(--mantine-color-${color}-light`;
  return { '--badge-bg': `${light})`, '--badge-color': `${light}-color)` } as CSSProperties;
}

function isKnown(status: string): status is Known {
  return status in COLORS;
}

interface Props {
  status: string;
  /** Another word for it here. */
  label?: string;
  title?: string;
}

/** A state as a word with a colour: Mantine's light badge, without the hooks that it has in each row of a list. */
export function StatusBadge({ status, label, title }: Props) {
  useLanguage();
  return (
    <span
      className={`status-badge ${root}`}
      data-status={status}
      style={STYLES.get(isKnown(status) ? COLORS[status] : 'gray')}
      title={title}
    >
      <span className={inner}>{label ?? (isKnown(status) ? t(`status.${status}`) : status)}</span>
    </span>
  );
}
