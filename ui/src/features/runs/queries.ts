import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query';
import { answer, api } from '~/api/client';
import type { components } from '~/api/schema';
import { asked, filterText, type RunFilter } from './search';

export type Run = components['schemas']['RunView'];
export type RunDetail = components['schemas']['RunDetailView'];
export type StepRun = components['schemas']['StepRunView'];
export type Line = components['schemas']['LineView'];

const PAGE = 100;
const ITEMS = 200;
const LINES = 200;

/** Runs change all the time: these queries are patched by what the streams tell (`live.ts`), not read again. */
export const runKeys = {
  all: ['history'] as const,
  list: (filter: RunFilter) => ['history', 'list', filterText(filter)] as const,
  detail: (id: string) => ['history', 'detail', id] as const,
  items: (id: string) => ['history', 'items', id] as const,
  lines: (id: string) => ['history', 'lines', id] as const,
};

export async function runsPage(filter: RunFilter, cursor?: string, limit = PAGE) {
  const { replay, ...rest } = filter;
  const query = { ...asked(rest), replay_id: replay, limit, cursor };
  return answer(api.GET('/api/automations/logs', { params: { query } }));
}

export function runsQuery(filter: RunFilter) {
  return infiniteQueryOptions({
    queryKey: runKeys.list(filter),
    queryFn: ({ pageParam }) => runsPage(filter, pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    placeholderData: keepPreviousData,
  });
}

/** The run with the outline of its steps; their values are read when somebody looks (`stepQuery`). */
export function runQuery(id: string) {
  return queryOptions({
    queryKey: runKeys.detail(id),
    queryFn: ({ signal }) =>
      answer(
        api.GET('/api/automations/logs/{log_id}', {
          params: { path: { log_id: id }, query: { values: false, items: false } },
          signal,
        }),
      ),
  });
}

/** What it runs; null where that is not kept any more. */
export function ranQuery(id: string) {
  return queryOptions({
    queryKey: ['history', 'ran', id] as const,
    queryFn: ({ signal }) =>
      answer(
        api.GET('/api/automations/logs/{log_id}/definition', { params: { path: { log_id: id } }, signal }),
      ),
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });
}

/** One step with its values, as recorded at `seen` (when it ended, its status). */
export function stepQuery(id: string, stepRun: string, seen: string, full: boolean) {
  return queryOptions({
    queryKey: ['history', 'step', id, stepRun, seen, full] as const,
    queryFn: ({ signal }) =>
      answer(
        api.GET('/api/automations/logs/{log_id}/steps/{step_run_id}', {
          params: { path: { log_id: id, step_run_id: stepRun }, query: { full } },
          signal,
        }),
      ),
    gcTime: full ? 30_000 : undefined,
  });
}

export function itemsQuery(id: string, steps: string[], status: StepRun['status'] | undefined) {
  return infiniteQueryOptions({
    queryKey: [...runKeys.items(id), steps.join(' '), status ?? ''] as const,
    queryFn: ({ pageParam, signal }) =>
      answer(
        api.GET('/api/automations/logs/{log_id}/steps', {
          params: {
            path: { log_id: id },
            query: { step_id: steps, status, limit: ITEMS, cursor: pageParam },
          },
          signal,
        }),
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });
}

/** How the steps inside the run's loops stand. */
export function countsQuery(id: string) {
  return queryOptions({
    queryKey: [...runKeys.items(id), 'counts'] as const,
    queryFn: async ({ signal }) => {
      const params = { path: { log_id: id }, query: { limit: 1 } };
      return (await answer(api.GET('/api/automations/logs/{log_id}/steps', { params, signal }))).counts;
    },
  });
}

/** All log lines: a run has at most some 1,000. */
export function linesQuery(id: string) {
  return queryOptions({
    queryKey: runKeys.lines(id),
    queryFn: async ({ signal }) => {
      const lines: Line[] = [];
      let cursor: string | undefined;
      do {
        const params = { path: { log_id: id }, query: { limit: LINES, cursor } };
        const page = await answer(api.GET('/api/automations/logs/{log_id}/lines', { params, signal }));
        lines.push(...page.items);
        cursor = page.next_cursor ?? undefined;
      } while (cursor);
      return lines;
    },
  });
}

/** Runs that belong to this one: its replays, and those that it began. */
export function relatedQuery(id: string) {
  return queryOptions({
    queryKey: ['history', 'related', id] as const,
    queryFn: async ({ signal }) => {
      const of = (query: { replay_of?: string; root_id?: string }) =>
        answer(api.GET('/api/automations/logs', { params: { query: { ...query, limit: 20 } }, signal }));
      const [replays, begun] = await Promise.all([of({ replay_of: id }), of({ root_id: id })]);
      return { replays: replays.items, begun: begun.items.filter((each) => each.id !== id) };
    },
  });
}

export async function blobOf(id: string): Promise<Blob> {
  const told = api.GET('/api/blobs/{blob_id}', { params: { path: { blob_id: id } }, parseAs: 'blob' });
  return (await answer(told)) as Blob;
}
