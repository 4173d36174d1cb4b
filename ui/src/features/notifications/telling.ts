import i18next from 'i18next';
import type { components } from '~/api/schema';
import { nameOf } from '~/i18n/failures';
import { language } from '~/i18n/language';

type Notification = components['schemas']['NotificationView'];

/** What a notification says: the API's text, in the page's language; an error in it, which is English, by its code. */
export function textOf({ text, args }: Pick<Notification, 'text' | 'args'>): string {
  const error = language() === 'en' ? null : nameOf(args.error_code as string | undefined);
  return error ? i18next.t('texts.failing' as const, { ns: 'alerts' as const, error }) : text;
}
