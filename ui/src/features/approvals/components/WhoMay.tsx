import { Text } from '@mantine/core';
import { queryOptions, useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { answer, api } from '~/api/client';
import { useSession } from '~/api/session';

function membersQuery(workspace: string) {
  return queryOptions({
    queryKey: ['members', workspace] as const,
    queryFn: ({ signal }) =>
      answer(
        api.GET('/api/workspaces/{workspace_id}/members', {
          params: { path: { workspace_id: workspace } },
          signal,
        }),
      ),
    staleTime: 300_000,
  });
}

/** The names of the workspace's people by their ids. */
export function useNames(): (id: string | null | undefined) => string | null {
  const session = useSession();
  const workspace = session.state === 'signed-in' ? session.workspaceId : '';
  const { data } = useQuery({ ...membersQuery(workspace), enabled: workspace !== '' });
  return (id) => (id ? (data?.items.find((each) => each.user_id === id)?.name ?? null) : null);
}

/** Whom a question is put to, in words. */
export function WhoMay({ who }: { who: string[] }) {
  const { t } = useTranslation('approvals');
  const nameOf = useNames();
  const named = (who.length ? who : ['owner']).map((each) => {
    if (each === 'owner') return t('who.owner');
    if (each.startsWith('role:')) return t('who.role', { role: t(`roles.${each.slice(5) as 'admin'}`) });
    return nameOf(each) ?? each;
  });
  return (
    <Text span fz="sm" c="dimmed">
      {t('mayAnswer', { who: named.join(', ') })}
    </Text>
  );
}
