import { queryOptions } from '@tanstack/react-query';
import { answer, api } from '~/api/client';

export const connectionKeys = { all: ['connections'] as const };

export function connectionsQuery() {
  return queryOptions({
    queryKey: [...connectionKeys.all, 'list'] as const,
    queryFn: ({ signal }) =>
      answer(api.GET('/api/connections', { params: { query: { limit: 50 } }, signal })),
  });
}
