import { queryOptions } from '@tanstack/react-query';
import { answer, api } from '~/api/client';

export interface RunFilter {
  automation?: string;
}

export const runKeys = { all: ['runs'] as const };

export function runsQuery(filter: RunFilter) {
  return queryOptions({
    queryKey: [...runKeys.all, 'list', filter] as const,
    queryFn: ({ signal }) =>
      answer(
        api.GET('/api/automations/logs', {
          params: { query: { limit: 50, automation_id: filter.automation } },
          signal,
        }),
      ),
  });
}

export function runQuery(id: string) {
  return queryOptions({
    queryKey: [...runKeys.all, 'detail', id] as const,
    queryFn: ({ signal }) =>
      answer(api.GET('/api/automations/logs/{log_id}', { params: { path: { log_id: id } }, signal })),
  });
}
