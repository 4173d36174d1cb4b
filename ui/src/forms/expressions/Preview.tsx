import { Loader } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { answer, api } from '~/api/client';
import { isObject } from '../schema';
import { isTemplate } from '../values';
import classes from './Expression.module.css';

const TYPING_MS = 350;
const numbers = new WeakMap<object, number>();
let samples = 0;

/** A name for a sample, so that the same one is asked about once. */
function nameOf(sample: unknown): number {
  if (typeof sample !== 'object' || sample === null) return 0;
  const known = numbers.get(sample);
  if (known !== undefined) return known;
  samples += 1;
  numbers.set(sample, samples);
  return samples;
}

/** The parts of a sample that a text may name: others need not be sent. */
export function partsFor(source: string, sample: unknown): Record<string, unknown> {
  if (!isObject(sample)) return {};
  const named = (name: string) => new RegExp(`\\b${name.replaceAll(/[^\w]/g, '')}\\b`).test(source);
  return Object.fromEntries(
    Object.entries(sample)
      .filter(([name]) => named(name))
      .map(([name, value]) =>
        name === 'steps' && isObject(value)
          ? [name, Object.fromEntries(Object.entries(value).filter(([step]) => named(step)))]
          : [name, value],
      ),
  );
}

interface Props {
  source: string;
  sample: unknown;
  /** What is wrong is said elsewhere. */
  said?: boolean;
}

/** What comes of a text with the sample, as the server fills it in; or why nothing does. */
export function Preview({ source, sample, said = false }: Props) {
  const { t } = useTranslation('forms');
  const [asked] = useDebouncedValue(source, TYPING_MS);
  const { data, isFetching } = useQuery({
    queryKey: ['templates', 'preview', asked, nameOf(sample)] as const,
    queryFn: ({ signal }) =>
      answer(
        api.POST('/api/templates/preview', {
          body: { value: asked, context: partsFor(asked, sample) },
          signal,
        }),
      ),
    enabled: isTemplate(asked),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 60_000,
    retry: false,
    placeholderData: keepPreviousData,
  });
  if (!isTemplate(source) || !data) return null;
  const { value, error } = data;
  if (error && said) return null;
  return (
    <div className={classes.preview} role="status" aria-busy={isFetching}>
      {error ? (
        <span style={{ color: 'var(--mantine-color-red-light-color)' }}>{error}</span>
      ) : (
        <>
          <span aria-hidden>=</span>
          <span className="visually-hidden">{t('preview')}</span>
          <span className={classes.value}>
            {typeof value === 'string' ? value || t('emptyText') : JSON.stringify(value, null, 1)}
          </span>
        </>
      )}
      {isFetching && <Loader size={10} ml="auto" aria-hidden />}
    </div>
  );
}
