import dayjs from 'dayjs';
import { useLanguage } from '~/i18n/language';
import { momentFormat } from './formats';

const EXACT = { dateStyle: 'medium', timeStyle: 'medium' } as const;

/** A moment in words ("3 minutes ago"), exact in its title. */
export function When({ at, none = '—' }: { at: string | null | undefined; none?: string }) {
  const language = useLanguage();
  if (!at) {
    return <span className="dimmed">{none}</span>;
  }
  const exact = momentFormat(language, EXACT).format(new Date(at));
  return (
    <time dateTime={at} title={exact}>
      {dayjs(at).locale(language).fromNow()}
    </time>
  );
}
