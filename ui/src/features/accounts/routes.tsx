import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { outsideRoute } from '~/app/layouts';

interface Arrival {
  /** Where to go once signed in: a path of ours. */
  next?: string;
  /** A code of why signing in elsewhere failed. */
  error?: string;
  invitation?: string;
}

const text = (value: unknown) => (typeof value === 'string' && value ? value : undefined);

/** A path of this site, and nothing that a browser reads as another one. */
export function ownPath(value: unknown): string | undefined {
  const path = text(value);
  return path && /^\/(?![/\\])/.test(path) ? path : undefined;
}

const validateSearch = (search: Record<string, unknown>): Arrival => ({
  next: ownPath(search.next),
  error: text(search.error),
  invitation: text(search.invitation),
});

export const accountRoutes = [
  createRoute({
    getParentRoute: () => outsideRoute,
    path: '/login',
    validateSearch,
    component: lazyRouteComponent(() => import('./pages/SignInPage'), 'SignInPage'),
  }),
  createRoute({
    getParentRoute: () => outsideRoute,
    path: '/register',
    validateSearch,
    component: lazyRouteComponent(() => import('./pages/RegisterPage'), 'RegisterPage'),
  }),
  createRoute({
    getParentRoute: () => outsideRoute,
    path: '/password/forgot',
    component: lazyRouteComponent(() => import('./pages/ForgotPage'), 'ForgotPage'),
  }),
  createRoute({
    getParentRoute: () => outsideRoute,
    path: '/password/$token',
    component: lazyRouteComponent(() => import('./pages/ResetPage'), 'ResetPage'),
  }),
  createRoute({
    getParentRoute: () => outsideRoute,
    path: '/verify/$token',
    component: lazyRouteComponent(() => import('./pages/VerifyPage'), 'VerifyPage'),
  }),
  createRoute({
    getParentRoute: () => outsideRoute,
    path: '/invitations/$token',
    component: lazyRouteComponent(() => import('./pages/InvitationPage'), 'InvitationPage'),
  }),
];
