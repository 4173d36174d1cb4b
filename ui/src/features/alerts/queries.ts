import { queryOptions } from '@tanstack/react-query';
import { answer, api } from '~/api/client';

export const alertKeys = { all: ['alerts'] as const };

export function alertsQuery() {
  return queryOptions({
    queryKey: [...alertKeys.all, 'list'] as const,
    queryFn: ({ signal }) => answer(api.GET('/api/alerts', { params: { query: { limit: 50 } }, signal })),
  });
}

export function alertQuery(id: string) {
  return queryOptions({
    queryKey: [...alertKeys.all, 'detail', id] as const,
    queryFn: ({ signal }) =>
      answer(api.GET('/api/alerts/{alert_id}', { params: { path: { alert_id: id } }, signal })),
  });
}
