import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { insideRoute } from '~/app/layouts';

export const alertRoutes = [
  createRoute({
    getParentRoute: () => insideRoute,
    path: '/alerts',
    validateSearch: (search: Record<string, unknown>): { state?: 'resolved' } => ({
      state: search.state === 'resolved' ? 'resolved' : undefined,
    }),
    component: lazyRouteComponent(() => import('./pages/AlertsPage'), 'AlertsPage'),
  }),
  createRoute({
    getParentRoute: () => insideRoute,
    path: '/alerts/$alertId',
    component: lazyRouteComponent(() => import('./pages/AlertPage'), 'AlertPage'),
  }),
];
