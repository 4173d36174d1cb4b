import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { insideRoute } from '~/app/layouts';
import type { RunFilter } from './queries';

export const runRoutes = [
  createRoute({
    getParentRoute: () => insideRoute,
    path: '/automations/logs',
    validateSearch: (search: Record<string, unknown>): RunFilter => ({
      automation: typeof search.automation === 'string' ? search.automation : undefined,
    }),
    component: lazyRouteComponent(() => import('./pages/RunsPage'), 'RunsPage'),
  }),
  createRoute({
    getParentRoute: () => insideRoute,
    path: '/automations/logs/$logId',
    component: lazyRouteComponent(() => import('./pages/RunPage'), 'RunPage'),
  }),
];
