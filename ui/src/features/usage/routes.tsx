import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { insideRoute } from '~/app/layouts';
import { BYS, type By, MEASURES, type Measure, RANGES, type Range } from './queries';

export interface UsageSearch {
  days?: Range;
  by?: By;
  show?: Measure;
}

export const usageRoutes = [
  createRoute({
    getParentRoute: () => insideRoute,
    path: '/usage',
    validateSearch: (search: Record<string, unknown>): UsageSearch => ({
      days: RANGES.find((each) => each === String(search.days)),
      by: BYS.find((each) => each === search.by),
      show: MEASURES.find((each) => each === search.show),
    }),
    component: lazyRouteComponent(() => import('./pages/UsagePage'), 'UsagePage'),
  }),
];
