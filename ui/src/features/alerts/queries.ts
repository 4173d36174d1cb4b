import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { answer, api } from '~/api/client';

export const alertKeys = { all: ['alerts'] as const };

export function alertsQuery(isOpen: boolean) {
  return infiniteQueryOptions({
    queryKey: [...alertKeys.all, 'list', isOpen] as const,
    queryFn: ({ pageParam, signal }) =>
      answer(
        api.GET('/api/alerts', { params: { query: { open: isOpen, limit: 50, cursor: pageParam } }, signal }),
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });
}

export function alertQuery(id: string) {
  return queryOptions({
    queryKey: [...alertKeys.all, 'detail', id] as const,
    queryFn: ({ signal }) =>
      answer(api.GET('/api/alerts/{alert_id}', { params: { path: { alert_id: id } }, signal })),
  });
}
