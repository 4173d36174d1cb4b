import i18next from 'i18next';
import type { components } from '~/api/schema';
import { said } from '~/i18n/failures';
import { language } from '~/i18n/language';

type Alert = components['schemas']['AlertView'];

/** An alert in the page's language: in English as the API tells it, with all numbers; else what its kind means. */
export function tellingOf(alert: Alert): { title: string; text: string } {
  const { kind, facts } = alert;
  const ns = 'alerts';
  if (language() === 'en' || !i18next.exists(`titles.${kind}`, { ns })) return alert;
  const error = said(String(facts.error_code), String(facts.error ?? ''));
  return {
    title: i18next.t(`titles.${kind}` as 'titles.failing', { ns, name: alert.automation_name ?? '' }),
    text: i18next.t(`texts.${kind}` as 'texts.failing', { ns, error }),
  };
}
