import { queryOptions } from '@tanstack/react-query';
import { answer, api } from '~/api/client';

export const usageKeys = { all: ['usage'] as const };

export function creditsQuery() {
  return queryOptions({
    queryKey: [...usageKeys.all, 'credits'] as const,
    queryFn: ({ signal }) => answer(api.GET('/api/credits', { params: { query: { limit: 20 } }, signal })),
  });
}
