import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { insideRoute } from '~/app/layouts';

export const alertRoutes = [
  createRoute({
    getParentRoute: () => insideRoute,
    path: '/alerts',
    component: lazyRouteComponent(() => import('./pages/AlertsPage'), 'AlertsPage'),
  }),
  createRoute({
    getParentRoute: () => insideRoute,
    path: '/alerts/$alertId',
    component: lazyRouteComponent(() => import('./pages/AlertPage'), 'AlertPage'),
  }),
];
