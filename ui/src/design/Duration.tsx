import { Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { numberFormat } from './formats';

const SECOND = 1000;
const MINUTE = 60 * SECOND;

/** A span in its fitting unit; milliseconds in. */
export function Duration({ ms }: { ms: number | null | undefined }) {
  const { i18n } = useTranslation();
  if (ms === null || ms === undefined) {
    return (
      <Text span c="dimmed" fz="inherit">
        —
      </Text>
    );
  }
  const [value, unit] =
    ms < SECOND ? [ms, 'millisecond'] : ms < MINUTE ? [ms / SECOND, 'second'] : [ms / MINUTE, 'minute'];
  const format = {
    style: 'unit',
    unit,
    unitDisplay: 'short',
    maximumFractionDigits: ms < SECOND ? 0 : 1,
  } as const;
  return <>{numberFormat(i18n.language, format as Intl.NumberFormatOptions).format(value)}</>;
}
