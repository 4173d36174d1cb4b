import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { insideRoute } from '~/app/layouts';

export const templateRoutes = [
  createRoute({
    getParentRoute: () => insideRoute,
    path: '/admin/marketplace',
    component: lazyRouteComponent(() => import('./pages/MarketplacePage'), 'MarketplacePage'),
  }),
];
