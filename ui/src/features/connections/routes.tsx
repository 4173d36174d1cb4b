import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { insideRoute } from '~/app/layouts';

export const connectionRoutes = [
  createRoute({
    getParentRoute: () => insideRoute,
    path: '/connections',
    component: lazyRouteComponent(() => import('./pages/ConnectionsPage'), 'ConnectionsPage'),
  }),
];
