import { useLanguage } from '~/i18n/language';
import { numberFormat } from './formats';

const SECOND = 1000;
const MINUTE = 60 * SECOND;

/** A span in its fitting unit; milliseconds in. */
export function Duration({ ms }: { ms: number | null | undefined }) {
  const language = useLanguage();
  if (ms === null || ms === undefined) {
    return <span className="dimmed">—</span>;
  }
  const [value, unit] =
    ms < SECOND ? [ms, 'millisecond'] : ms < MINUTE ? [ms / SECOND, 'second'] : [ms / MINUTE, 'minute'];
  const format = {
    style: 'unit',
    unit,
    unitDisplay: 'short',
    maximumFractionDigits: ms < SECOND ? 0 : 1,
  } as const;
  return <>{numberFormat(language, format as Intl.NumberFormatOptions).format(value)}</>;
}
