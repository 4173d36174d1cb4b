import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { insideRoute } from '~/app/layouts';
import { runFilter } from './search';

export const RUN_VIEWS = ['timeline', 'graph', 'log'] as const;
export type RunViewName = (typeof RUN_VIEWS)[number];

export interface RunSearch {
  /** The id of a step run, or of a step that has not run. */
  step?: string;
  view?: RunViewName;
}

export const runRoutes = [
  createRoute({
    getParentRoute: () => insideRoute,
    path: '/automations/logs',
    validateSearch: runFilter,
    component: lazyRouteComponent(() => import('./pages/RunsPage'), 'RunsPage'),
  }),
  createRoute({
    getParentRoute: () => insideRoute,
    path: '/automations/logs/$logId',
    validateSearch: (search: Record<string, unknown>): RunSearch => ({
      step: typeof search.step === 'string' && search.step ? search.step : undefined,
      view: RUN_VIEWS.find((each) => each === search.view),
    }),
    component: lazyRouteComponent(() => import('./pages/RunPage'), 'RunPage'),
  }),
];
