import { createRoute, createRouter, redirect } from '@tanstack/react-router';
import { isExpected, renew } from '~/api/session';
import { accountRoutes } from '~/features/accounts/routes';
import { agentRoutes } from '~/features/agents/routes';
import { alertRoutes } from '~/features/alerts/routes';
import { approvalPublicRoutes, approvalRoutes } from '~/features/approvals/routes';
import { automationRoutes } from '~/features/automations/routes';
import { channelRoutes } from '~/features/channels/routes';
import { connectionRoutes } from '~/features/connections/routes';
import { editorRoutes } from '~/features/editor/routes';
import { onboardingRoutes } from '~/features/onboarding/routes';
import { runRoutes } from '~/features/runs/routes';
import { settingsRoutes } from '~/features/settings/routes';
import { templateRoutes } from '~/features/templates/routes';
import { usageRoutes } from '~/features/usage/routes';
import { ErrorPage } from './ErrorPage';
import { insideRoute, outsideRoute, rootRoute } from './layouts';
import { NotFoundPage } from './NotFoundPage';

const homeRoute = createRoute({
  getParentRoute: () => insideRoute,
  path: '/',
  beforeLoad: () => {
    throw redirect({ to: '/automations', replace: true });
  },
});

const routeTree = rootRoute.addChildren([
  outsideRoute.addChildren([...accountRoutes, ...approvalPublicRoutes]),
  insideRoute.addChildren([
    homeRoute,
    ...agentRoutes,
    ...automationRoutes,
    ...editorRoutes,
    ...runRoutes,
    ...approvalRoutes,
    ...channelRoutes,
    ...templateRoutes,
    ...connectionRoutes,
    ...usageRoutes,
    ...alertRoutes,
    ...settingsRoutes,
    ...onboardingRoutes,
  ]),
]);

export const router = createRouter({
  routeTree,
  defaultPreload: 'intent',
  scrollRestoration: true,
  defaultErrorComponent: ErrorPage,
  defaultNotFoundComponent: NotFoundPage,
});

/** What the page that is asked for needs comes while its texts do: the renewed session and the files of its parts. */
export function fetchAhead(): void {
  const [routes] = router.getMatchedRoutes(router.latestLocation.pathname);
  const isInside = routes.some(({ id }) => id === insideRoute.id);
  if (isInside && !isExpected()) return;
  if (isInside) renew().catch(() => undefined); // the page asks again, and says so
  for (const route of routes) router.loadRouteChunk(route)?.catch(() => undefined);
}

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
