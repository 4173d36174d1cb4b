import { useQuery } from '@tanstack/react-query';
import { useSession } from '~/api/session';
import { workspaceMembersQuery } from '~/features/accounts/queries';
import { agentsQuery } from '~/features/agents/queries';
import { type Handle, handleOf } from './mention';

/** The people and agents of the workspace, besides oneself. */
export function useEverybody() {
  const now = useSession();
  const [workspace, me] = now.state === 'signed-in' ? [now.workspaceId, now.userId] : ['', ''];
  const members = useQuery(workspaceMembersQuery(workspace)).data?.items ?? [];
  const found = useQuery(agentsQuery()).data?.items ?? [];
  const people = members
    .filter(({ user_id }) => user_id !== me)
    .map(({ user_id, name, email }) => ({ id: user_id, name: name || email }));
  const agents = found.map(({ id, name, slug, avatar, status }) => ({ id, name, slug, avatar, status }));
  const handles: Handle[] = [
    ...agents.map(({ id, name, slug }) => ({ id, name, handle: slug, isAgent: true })),
    ...people.map(({ id, name }) => ({ id, name, handle: handleOf(name), isAgent: false })),
  ];
  return { people, agents, handles };
}
