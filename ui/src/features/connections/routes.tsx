import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { insideRoute } from '~/app/layouts';

export interface ConnectionsSearch {
  search?: string;
  purpose?: string;
}

export interface NewConnectionSearch {
  kind?: string;
}

const text = (value: unknown) => (typeof value === 'string' && value ? value : undefined);

export const connectionRoutes = [
  createRoute({
    getParentRoute: () => insideRoute,
    path: '/connections',
    validateSearch: (search: Record<string, unknown>): ConnectionsSearch => ({
      search: text(search.search),
      purpose: text(search.purpose),
    }),
    component: lazyRouteComponent(() => import('./pages/ConnectionsPage'), 'ConnectionsPage'),
  }),
  createRoute({
    getParentRoute: () => insideRoute,
    path: '/connections/new',
    validateSearch: (search: Record<string, unknown>): NewConnectionSearch => ({ kind: text(search.kind) }),
    component: lazyRouteComponent(() => import('./pages/NewConnectionPage'), 'NewConnectionPage'),
  }),
  createRoute({
    getParentRoute: () => insideRoute,
    path: '/connections/$connectionId',
    component: lazyRouteComponent(() => import('./pages/ConnectionPage'), 'ConnectionPage'),
  }),
];
