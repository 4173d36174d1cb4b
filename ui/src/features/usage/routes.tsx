import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { insideRoute } from '~/app/layouts';

export const usageRoutes = [
  createRoute({
    getParentRoute: () => insideRoute,
    path: '/usage',
    component: lazyRouteComponent(() => import('./pages/UsagePage'), 'UsagePage'),
  }),
];
