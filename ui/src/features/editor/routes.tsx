import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { insideRoute } from '~/app/layouts';

export interface EditorSearch {
  /** A run whose data is the sample. */
  run?: string;
  /** The step that is chosen first. */
  step?: string;
}

export const editorRoutes = [
  createRoute({
    getParentRoute: () => insideRoute,
    path: '/automations/new',
    component: lazyRouteComponent(() => import('./pages/NewPage'), 'NewPage'),
  }),
  createRoute({
    getParentRoute: () => insideRoute,
    path: '/automations/$automationId/edit',
    validateSearch: (search: Record<string, unknown>): EditorSearch => ({
      run: typeof search.run === 'string' ? search.run : undefined,
      step: typeof search.step === 'string' ? search.step : undefined,
    }),
    component: lazyRouteComponent(() => import('./pages/EditorPage'), 'EditorPage'),
  }),
];
