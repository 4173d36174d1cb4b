import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { answer, api } from '~/api/client';
import type { components } from '~/api/schema';
import { automationKeys } from '../queries';

export type AutomationDetail = components['schemas']['DetailView'];
export type Difference = components['schemas']['DifferenceView'];

const PAGE = 50;
const at = (id: string) => ({ path: { automation_id: id } });

/** The definition of one published version. */
export function versionQuery(id: string, number: number | null) {
  return queryOptions({
    queryKey: ['automation-version', id, number] as const,
    queryFn: ({ signal }) =>
      answer(
        api.GET('/api/automations/{automation_id}/versions/{number}', {
          params: { path: { automation_id: id, number: number ?? 0 } },
          signal,
        }),
      ),
    enabled: number !== null,
    staleTime: Number.POSITIVE_INFINITY,
  });
}

export function versionsQuery(id: string) {
  return infiniteQueryOptions({
    queryKey: [...automationKeys.detail(id), 'versions'] as const,
    queryFn: ({ pageParam, signal }) =>
      answer(
        api.GET('/api/automations/{automation_id}/versions', {
          params: { ...at(id), query: { limit: PAGE, cursor: pageParam } },
          signal,
        }),
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });
}

export function differencesQuery(id: string, number: number, against: string) {
  return queryOptions({
    queryKey: ['automation-differences', id, number, against] as const,
    queryFn: ({ signal }) =>
      answer(
        api.GET('/api/automations/{automation_id}/versions/{number}/differences', {
          params: { path: { automation_id: id, number }, query: { against } },
          signal,
        }),
      ),
    staleTime: against === 'draft' || against === 'live' ? 0 : Number.POSITIVE_INFINITY,
  });
}

export function nextTimesQuery(id: string) {
  return queryOptions({
    queryKey: [...automationKeys.detail(id), 'schedule'] as const,
    queryFn: ({ signal }) =>
      answer(
        api.GET('/api/automations/{automation_id}/schedule/preview', {
          params: { ...at(id), query: { count: 5 } },
          signal,
        }),
      ),
  });
}

/** The data of the newest run, to begin the next one from. */
export function lastSampleQuery(id: string) {
  return queryOptions({
    queryKey: ['automation-sample', id] as const,
    queryFn: async ({ signal }) => {
      const params = { ...at(id), query: { limit: 1 } };
      const runs = await answer(api.GET('/api/automations/{automation_id}/logs', { params, signal }));
      const last = runs.items[0];
      if (!last) return null;
      const path = { log_id: last.id };
      const query = { full: true, values: false, items: false };
      const run = await answer(
        api.GET('/api/automations/logs/{log_id}', { params: { path, query }, signal }),
      );
      return { data: run.trigger_data, at: run.created_at };
    },
    staleTime: 0,
  });
}

/** Runs that wait, by the version they are pinned to. */
export function waitingQuery(id: string) {
  return queryOptions({
    queryKey: [...automationKeys.detail(id), 'waiting'] as const,
    queryFn: async ({ signal }) => {
      const params = { ...at(id), query: { status: 'waiting' as const, limit: 200 } };
      const { items, next_cursor } = await answer(
        api.GET('/api/automations/{automation_id}/logs', { params, signal }),
      );
      const byVersion = new Map<number, number>();
      for (const run of items) byVersion.set(run.version, (byVersion.get(run.version) ?? 0) + 1);
      return { versions: [...byVersion].sort(([a], [b]) => b - a), isMore: next_cursor !== null };
    },
  });
}
