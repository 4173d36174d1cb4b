import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { answer, api, ifMatch } from '~/api/client';
import { language } from '~/i18n/language';
import type { Definition } from './document/definition';
import type { Server } from './saving/autosave';

/** The first part is not `automations`: what is being edited is not read again whenever something runs. */
const KEY = 'editor';
const VERSIONS = 50;

const at = (id: string) => ({ path: { automation_id: id } });

/** The draft as it is now; read once when the editor opens, then `autosave` keeps it. */
export function draftQuery(id: string) {
  return queryOptions({
    queryKey: [KEY, 'draft', id] as const,
    queryFn: () => answer(api.GET('/api/automations/{automation_id}', { params: at(id) })),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
  });
}

export function serverOf(id: string): Server {
  return {
    read: () => answer(api.GET('/api/automations/{automation_id}', { params: at(id) })),
    write: (definition: Definition, etag: string) =>
      answer(
        api.PUT('/api/automations/{automation_id}', {
          params: { ...at(id), query: { as_draft: true } },
          headers: ifMatch(etag),
          body: definition as never,
        }),
      ),
  };
}

/** The schema of the definition language, for the forms of what every step and automation has. */
export function languageQuery() {
  return queryOptions({
    queryKey: ['catalog', 'definition', language()] as const,
    queryFn: ({ signal }) => answer(api.GET('/api/catalog/definition', { signal })),
    staleTime: 600_000,
  });
}

export function findingsOf(id: string, definition: Definition, signal?: AbortSignal) {
  return answer(
    api.POST('/api/automations/{automation_id}/validate', {
      params: at(id),
      body: definition as never,
      signal,
    }),
  );
}

export function versionsQuery(id: string) {
  return infiniteQueryOptions({
    queryKey: [KEY, 'versions', id] as const,
    queryFn: ({ pageParam, signal }) =>
      answer(
        api.GET('/api/automations/{automation_id}/versions', {
          params: { ...at(id), query: { limit: VERSIONS, cursor: pageParam } },
          signal,
        }),
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });
}

/** What one would change in `against` to get the version. */
export function differencesQuery(id: string, number: number, against: string, etag: string) {
  return queryOptions({
    queryKey: [KEY, 'differences', id, number, against, etag] as const,
    queryFn: ({ signal }) =>
      answer(
        api.GET('/api/automations/{automation_id}/versions/{number}/differences', {
          params: { path: { automation_id: id, number }, query: { against } },
          signal,
        }),
      ),
    staleTime: 0,
  });
}

export function lastRunQuery(id: string) {
  return queryOptions({
    queryKey: [KEY, 'lastRun', id] as const,
    queryFn: async ({ signal }) => {
      const page = await answer(
        api.GET('/api/automations/{automation_id}/logs', {
          params: { ...at(id), query: { limit: 1 } },
          signal,
        }),
      );
      return page.items[0] ?? null;
    },
  });
}

export function sampleRunQuery(run: string) {
  return queryOptions({
    queryKey: [KEY, 'run', run] as const,
    queryFn: ({ signal }) =>
      answer(api.GET('/api/automations/logs/{log_id}', { params: { path: { log_id: run } }, signal })),
    staleTime: 60_000,
  });
}
