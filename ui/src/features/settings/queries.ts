import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query';
import { answer, api } from '~/api/client';

export const settingsKeys = {
  tokens: ['settings', 'tokens'] as const,
  invitations: ['settings', 'invitations'] as const,
  chat: ['settings', 'approval-chat'] as const,
  users: ['settings', 'users'] as const,
  plans: ['settings', 'plans'] as const,
};

export function tokensQuery() {
  return queryOptions({
    queryKey: settingsKeys.tokens,
    queryFn: ({ signal }) => answer(api.GET('/api/tokens', { params: { query: { limit: 200 } }, signal })),
  });
}

export function invitationsQuery(workspaceId: string) {
  return queryOptions({
    queryKey: [...settingsKeys.invitations, workspaceId] as const,
    queryFn: ({ signal }) =>
      answer(
        api.GET('/api/workspaces/{workspace_id}/invitations', {
          params: { path: { workspace_id: workspaceId }, query: { limit: 200 } },
          signal,
        }),
      ),
  });
}

export function creditsQuery() {
  return queryOptions({
    queryKey: ['settings', 'credits'] as const,
    queryFn: ({ signal }) => answer(api.GET('/api/credits', { params: { query: { limit: 1 } }, signal })),
  });
}

export function approvalChatQuery() {
  return queryOptions({
    queryKey: settingsKeys.chat,
    queryFn: ({ signal }) => answer(api.GET('/api/approvals/chat', { signal })),
  });
}

export function auditQuery(search?: string) {
  return infiniteQueryOptions({
    queryKey: ['settings', 'audit', search ?? ''] as const,
    queryFn: ({ pageParam, signal }) => {
      const about = search?.includes('@') ? { actor: search } : { action: search };
      return answer(
        api.GET('/api/audit', { params: { query: { limit: 50, cursor: pageParam, ...about } }, signal }),
      );
    },
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    placeholderData: keepPreviousData,
  });
}

export function usersQuery(search?: string) {
  return infiniteQueryOptions({
    queryKey: [...settingsKeys.users, search ?? ''] as const,
    queryFn: ({ pageParam, signal }) =>
      answer(
        api.GET('/api/admin/users', { params: { query: { limit: 50, cursor: pageParam, search } }, signal }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    placeholderData: keepPreviousData,
  });
}

export function plansQuery() {
  return queryOptions({
    queryKey: settingsKeys.plans,
    queryFn: ({ signal }) => answer(api.GET('/api/admin/plans', { signal })),
  });
}
