import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { insideRoute, outsideRoute } from '~/app/layouts';
import { type ApprovalFilter, INBOXES } from './queries';

const text = (value: unknown) => (typeof value === 'string' && value ? value : undefined);

export const approvalRoutes = [
  createRoute({
    getParentRoute: () => insideRoute,
    path: '/approvals',
    validateSearch: (search: Record<string, unknown>): ApprovalFilter => ({
      run_id: text(search.run_id),
      inbox: INBOXES.find((each) => each === search.inbox),
      id: text(search.id),
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
