import { useLanguage } from '~/i18n/language';
import { momentFormat } from './formats';

const FORMATS = {
  full: { dateStyle: 'medium', timeStyle: 'medium' },
  minute: { dateStyle: 'medium', timeStyle: 'short' },
  clock: { hour: '2-digit', minute: '2-digit', second: '2-digit', fractionalSecondDigits: 3 },
} as const satisfies Record<string, Intl.DateTimeFormatOptions>;

/** An exact moment, in the zone of the reader's device. */
export function Moment({ at, as = 'full' }: { at: string; as?: keyof typeof FORMATS }) {
  const language = useLanguage();
  return <time dateTime={at}>{momentFormat(language, FORMATS[as]).format(new Date(at))}</time>;
}
