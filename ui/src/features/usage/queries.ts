import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { answer, api } from '~/api/client';
import type { components } from '~/api/schema';

export type Credits = components['schemas']['CreditsView'];
export type Used = components['schemas']['UsedView'];

export const BYS = ['automation', 'agent', 'action'] as const;
export type By = (typeof BYS)[number];
export const MEASURES = ['credits', 'runs', 'tokens', 'money'] as const;
export type Measure = (typeof MEASURES)[number];
export const RANGES = ['7', '30', '90', '365'] as const;
export type Range = (typeof RANGES)[number];

const DAY_MS = 86_400_000;
const LEDGER = 50;

export const usageKeys = { all: ['usage'] as const };

export function creditsQuery() {
  return queryOptions({
    queryKey: [...usageKeys.all, 'credits'] as const,
    queryFn: ({ signal }) => answer(api.GET('/api/credits', { params: { query: { limit: 1 } }, signal })),
  });
}

export function ledgerQuery() {
  return infiniteQueryOptions({
    queryKey: [...usageKeys.all, 'ledger'] as const,
    queryFn: ({ pageParam, signal }) =>
      answer(api.GET('/api/credits', { params: { query: { limit: LEDGER, cursor: pageParam } }, signal })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });
}

const day = (moment: number) => new Date(moment).toISOString().slice(0, 10);

/** The days (UTC) of a range, the last of them today. */
export function daysOf(range: Range, now = Date.now()): string[] {
  const count = Number(range);
  return Array.from({ length: count }, (_, index) => day(now - (count - 1 - index) * DAY_MS));
}

/** Runs of the present month: plans without a limit do not count them. */
export function runsOfMonthQuery(month: string) {
  return queryOptions({
    queryKey: [...usageKeys.all, 'month', month] as const,
    queryFn: async ({ signal }) => {
      const query = { by: 'day' as const, from: month };
      const { items } = await answer(api.GET('/api/usage', { params: { query }, signal }));
      return items.reduce((sum, each) => sum + each.runs, 0);
    },
  });
}

export function usageQuery(by: By | 'day', range: Range) {
  const [first] = daysOf(range);
  return queryOptions({
    queryKey: [...usageKeys.all, by, range, first] as const,
    queryFn: async ({ signal }) => {
      const query = { by, from: first };
      return (await answer(api.GET('/api/usage', { params: { query }, signal }))).items;
    },
  });
}
