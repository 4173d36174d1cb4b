import i18next from 'i18next';
import { language } from './language';

/** What went wrong, in short, by its code (`features/failures`); null where only the API's own sentence tells. */
export function nameOf(code: string | null | undefined): string | null {
  const key = `codes.${code}`;
  const ns = 'failures';
  return code && i18next.exists(key, { ns }) ? i18next.t(key as 'codes.timeout', { ns }) : null;
}

/** What to say of a failure: the API's sentence to who reads English, since it tells more; else what its code means. */
export function said(code: string | null | undefined, sentence: string): string {
  return language() === 'en' ? sentence : (nameOf(code) ?? sentence);
}
