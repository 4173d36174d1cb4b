import { queryOptions } from '@tanstack/react-query';
import { answer, api } from '~/api/client';

export const agentKeys = { all: ['agents'] as const };

export function agentsQuery(search?: string) {
  return queryOptions({
    queryKey: [...agentKeys.all, 'list', search ?? ''] as const,
    queryFn: ({ signal }) =>
      answer(api.GET('/api/agents', { params: { query: { limit: 50, search } }, signal })),
  });
}

export function agentQuery(id: string) {
  return queryOptions({
    queryKey: [...agentKeys.all, 'detail', id] as const,
    queryFn: ({ signal }) =>
      answer(api.GET('/api/agents/{agent}', { params: { path: { agent: id } }, signal })),
  });
}
