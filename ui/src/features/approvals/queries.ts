import { queryOptions } from '@tanstack/react-query';
import { answer, api } from '~/api/client';

export interface ApprovalFilter {
  run_id?: string;
}

export const approvalKeys = { all: ['approvals'] as const };

export function approvalsQuery(filter: ApprovalFilter) {
  return queryOptions({
    queryKey: [...approvalKeys.all, 'list', filter] as const,
    queryFn: ({ signal }) =>
      answer(
        api.GET('/api/approvals', {
          params: { query: { limit: 50, state: 'pending', run_id: filter.run_id } },
          signal,
        }),
      ),
  });
}

export function linkedApprovalQuery(id: string) {
  return queryOptions({
    queryKey: [...approvalKeys.all, 'detail', id] as const,
    queryFn: ({ signal }) =>
      answer(api.GET('/api/approvals/by-token/{token}', { params: { path: { token: id } }, signal })),
  });
}
