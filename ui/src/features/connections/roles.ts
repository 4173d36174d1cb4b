import { useQuery } from '@tanstack/react-query';
import { meQuery } from '~/features/accounts/queries';

/** Admins make and change connections; editors use and test them. */
export function useMayConnect(): boolean {
  const { data } = useQuery(meQuery());
  return data?.workspace.role === 'owner' || data?.workspace.role === 'admin';
}

export function useMayUse(): boolean {
  const { data } = useQuery(meQuery());
  return data !== undefined && data.workspace.role !== 'viewer';
}
