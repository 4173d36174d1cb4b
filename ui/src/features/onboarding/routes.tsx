import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { insideRoute } from '~/app/layouts';

export const onboardingRoutes = [
  createRoute({
    getParentRoute: () => insideRoute,
    path: '/onboarding',
    component: lazyRouteComponent(() => import('./pages/OnboardingPage'), 'OnboardingPage'),
  }),
];
