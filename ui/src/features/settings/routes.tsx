import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { insideRoute } from '~/app/layouts';

export const PARTS = [
  'profile',
  'security',
  'notifications',
  'tokens',
  'workspace',
  'members',
  'audit',
  'users',
  'plans',
] as const;
export type Part = (typeof PARTS)[number];

export interface SettingsSearch {
  part?: Part;
  /** What the audit log and the users are filtered by. */
  search?: string;
}

const text = (value: unknown) => (typeof value === 'string' && value ? value : undefined);

export const settingsRoutes = [
  createRoute({
    getParentRoute: () => insideRoute,
    path: '/settings',
    validateSearch: (search: Record<string, unknown>): SettingsSearch => ({
      part: PARTS.find((each) => each === search.part),
      search: text(search.search),
    }),
    component: lazyRouteComponent(() => import('./pages/SettingsPage'), 'SettingsPage'),
  }),
];
