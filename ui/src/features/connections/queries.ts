import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { answer, api } from '~/api/client';
import type { components } from '~/api/schema';

export type Connection = components['schemas']['ConnectionView'];
export type ConnectionKind = components['schemas']['ConnectionKindView'];
export type Tested = components['schemas']['TestedView'];
export type Use = components['schemas']['UseView'];

const PAGE = 100;

export const connectionKeys = {
  all: ['connections'] as const,
  list: ['connections', 'list'] as const,
  every: ['connections', 'every'] as const,
  uses: ['connections', 'uses'] as const,
  detail: (id: string) => ['connections', 'detail', id] as const,
  usage: (id: string) => ['connections', 'usage', id] as const,
  offers: (id: string, what: string) => ['connections', 'offers', id, what] as const,
};

const at = (id: string) => ({ params: { path: { connection_id: id } } });

export function connectionsQuery() {
  return infiniteQueryOptions({
    queryKey: connectionKeys.list,
    queryFn: ({ pageParam, signal }) =>
      answer(api.GET('/api/connections', { params: { query: { limit: PAGE, cursor: pageParam } }, signal })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });
}

/** Every connection that the caller may use, where one is looked for rather than listed. */
export function everyConnectionQuery() {
  return queryOptions({
    queryKey: connectionKeys.every,
    queryFn: async ({ signal }) => {
      const found: Connection[] = [];
      let cursor: string | undefined;
      do {
        const query = { limit: PAGE, cursor };
        const page = await answer(api.GET('/api/connections', { params: { query }, signal }));
        found.push(...page.items);
        cursor = page.next_cursor ?? undefined;
      } while (cursor);
      return found;
    },
  });
}

/** How many automations use each connection. */
export function usesQuery() {
  return queryOptions({
    queryKey: connectionKeys.uses,
    queryFn: async ({ signal }) => {
      const { items } = await answer(api.GET('/api/connections/usage', { signal }));
      return new Map(items.map(({ connection_id, automations }) => [connection_id, automations]));
    },
  });
}

/** A connection with the ETag of what was read. */
export function connectionQuery(id: string) {
  return queryOptions({
    queryKey: connectionKeys.detail(id),
    queryFn: async ({ signal }) => {
      const told = await api.GET('/api/connections/{connection_id}', { ...at(id), signal });
      const connection = await answer(Promise.resolve(told));
      return { connection, etag: told.response.headers.get('ETag') };
    },
  });
}

export function usageQuery(id: string) {
  return queryOptions({
    queryKey: connectionKeys.usage(id),
    queryFn: async ({ signal }) =>
      (await answer(api.GET('/api/connections/{connection_id}/usage', { ...at(id), signal }))).items,
  });
}

/** Something that an account has to offer, which the service itself is asked for. */
export interface Offer {
  id: string;
  name: string;
  note: string | null;
}

const dollars = new Intl.NumberFormat('en', { style: 'currency', currency: 'USD' });

export function modelsQuery(id: string) {
  return queryOptions({
    queryKey: connectionKeys.offers(id, 'models'),
    queryFn: async ({ signal }): Promise<Offer[]> => {
      const { items } = await answer(
        api.GET('/api/connections/{connection_id}/models', { ...at(id), signal }),
      );
      return items.map(({ name, usd_in, usd_out }) => ({
        id: name,
        name,
        note:
          usd_in === null || usd_out === null
            ? null
            : `${dollars.format(usd_in)} · ${dollars.format(usd_out)}`,
      }));
    },
    staleTime: 300_000,
    retry: false,
  });
}

export function toolsQuery(id: string) {
  return queryOptions({
    queryKey: connectionKeys.offers(id, 'tools'),
    queryFn: async ({ signal }): Promise<Offer[]> => {
      const { items } = await answer(
        api.GET('/api/connections/{connection_id}/tools', { ...at(id), signal }),
      );
      return items.map(({ name, title, description }) => ({
        id: name,
        name: title || name,
        note: description || null,
      }));
    },
    staleTime: 300_000,
    retry: false,
  });
}

export function roomsQuery(id: string) {
  return queryOptions({
    queryKey: connectionKeys.offers(id, 'rooms'),
    queryFn: async ({ signal }): Promise<Offer[]> => {
      const { items } = await answer(
        api.GET('/api/connections/{connection_id}/channels', { ...at(id), signal }),
      );
      return items.map((room) => ({ id: room.id, name: room.name, note: null }));
    },
    staleTime: 300_000,
    retry: false,
  });
}
