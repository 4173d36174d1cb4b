import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { insideRoute, outsideRoute } from '~/app/layouts';
import type { ApprovalFilter } from './queries';

export const approvalRoutes = [
  createRoute({
    getParentRoute: () => insideRoute,
    path: '/approvals',
    validateSearch: (search: Record<string, unknown>): ApprovalFilter => ({
      run_id: typeof search.run_id === 'string' ? search.run_id : undefined,
    }),
    component: lazyRouteComponent(() => import('./pages/ApprovalsPage'), 'ApprovalsPage'),
  }),
];

/** The signed link that somebody without an account answers by. */
export const approvalPublicRoutes = [
  createRoute({
    getParentRoute: () => outsideRoute,
    path: '/approvals/$token',
    component: lazyRouteComponent(() => import('./pages/LinkedApprovalPage'), 'LinkedApprovalPage'),
  }),
];
