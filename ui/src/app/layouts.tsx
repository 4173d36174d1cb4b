import { createRootRoute, createRoute, lazyRouteComponent, Outlet, redirect } from '@tanstack/react-router';
import { renew, session } from '~/api/session';
import { ErrorPage } from './ErrorPage';
import { NotFoundPage } from './NotFoundPage';
import { Outside } from './Outside';

export const rootRoute = createRootRoute({
  component: Outlet,
  errorComponent: ErrorPage,
  notFoundComponent: NotFoundPage,
});

/** Pages for who is not signed in: sign-in, registration, links of mails. */
export const outsideRoute = createRoute({
  getParentRoute: () => rootRoute,
  id: 'outside',
  component: Outside,
});

/** Pages of the product: signed in, or sent to sign in and back. */
export const insideRoute = createRoute({
  getParentRoute: () => rootRoute,
  id: 'inside',
  component: lazyRouteComponent(() => import('./shell/Shell'), 'Shell'),
  beforeLoad: async ({ location }) => {
    const now = session().state === 'unknown' ? await renew() : session();
    if (now.state === 'signed-in') return;
    throw redirect({ to: '/login', search: location.href === '/' ? {} : { next: location.href } });
  },
});
