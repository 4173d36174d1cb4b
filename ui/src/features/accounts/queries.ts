import { queryOptions } from '@tanstack/react-query';
import { answer, api } from '~/api/client';

export const accountKeys = {
  all: ['accounts'] as const,
  me: ['accounts', 'me'] as const,
  options: ['accounts', 'options'] as const,
  invitation: (token: string) => ['accounts', 'invitation', token] as const,
};

export function meQuery() {
  return queryOptions({
    queryKey: accountKeys.me,
    queryFn: ({ signal }) => answer(api.GET('/api/me', { signal })),
    staleTime: 60_000,
  });
}

export function optionsQuery() {
  return queryOptions({
    queryKey: accountKeys.options,
    queryFn: ({ signal }) => answer(api.GET('/api/auth/options', { signal })),
  });
}

export function invitationQuery(token: string) {
  return queryOptions({
    queryKey: accountKeys.invitation(token),
    queryFn: ({ signal }) =>
      answer(api.GET('/api/invitations/{token}', { params: { path: { token } }, signal })),
    retry: false,
  });
}

export function workspaceMembersQuery(workspaceId: string) {
  return queryOptions({
    queryKey: [...accountKeys.all, 'members', workspaceId] as const,
    queryFn: ({ signal }) =>
      answer(
        api.GET('/api/workspaces/{workspace_id}/members', {
          params: { path: { workspace_id: workspaceId }, query: { limit: 200 } },
          signal,
        }),
      ),
    staleTime: 60_000,
  });
}
