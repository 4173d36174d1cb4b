import type { components } from '~/api/schema';

export interface PartProps {
  me: components['schemas']['MeView'];
}

export const ROLES = ['owner', 'admin', 'editor', 'viewer'] as const;

export function isAdmin({ workspace }: PartProps['me']): boolean {
  return workspace.role === 'owner' || workspace.role === 'admin';
}
