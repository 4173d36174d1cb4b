import dayjs from 'dayjs';
import i18next from 'i18next';
import { initReactI18next } from 'react-i18next';
import 'dayjs/locale/fr';
import relativeTime from 'dayjs/plugin/relativeTime';
import { useSyncExternalStore } from 'react';

export const LANGUAGES = ['en', 'fr'] as const;
export type Language = (typeof LANGUAGES)[number];

const KEPT = 'vutler.language';
const catalogues = { en: () => import('./en'), fr: () => import('./fr') };

dayjs.extend(relativeTime);

function isLanguage(text: string | null | undefined): text is Language {
  return LANGUAGES.some((language) => language === text);
}

function first(): Language {
  const kept = localStorage.getItem(KEPT);
  if (isLanguage(kept)) return kept;
  const spoken = navigator.languages.map((tag) => tag.split('-')[0]).find(isLanguage);
  return spoken ?? 'en';
}

function heard(listener: () => void): () => void {
  i18next.on('languageChanged', listener);
  return () => i18next.off('languageChanged', listener);
}

/** The language of the page, for what is in every row of a list: `useTranslation` costs many times as much. */
export function useLanguage(): string {
  return useSyncExternalStore(heard, () => i18next.language);
}

export function language(): Language {
  return isLanguage(i18next.language) ? i18next.language : 'en';
}

async function load(wanted: Language): Promise<void> {
  const { words } = await catalogues[wanted]();
  for (const [namespace, each] of Object.entries(words)) i18next.addResourceBundle(wanted, namespace, each);
  document.documentElement.lang = wanted;
  dayjs.locale(wanted);
}

/** Make the texts ready, in the language that was chosen here before, or that the browser speaks. */
export async function startLanguage(): Promise<void> {
  await i18next.use(initReactI18next).init({
    lng: first(),
    fallbackLng: false,
    defaultNS: 'app',
    resources: {},
    interpolation: { escapeValue: false },
    react: { bindI18n: 'languageChanged', useSuspense: false },
    initAsync: false,
  });
  await load(first());
}

export async function changeLanguage(wanted: Language): Promise<void> {
  localStorage.setItem(KEPT, wanted);
  await load(wanted);
  await i18next.changeLanguage(wanted);
}
