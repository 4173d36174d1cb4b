import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { insideRoute } from '~/app/layouts';
import type { AutomationFilter } from './queries';

export const SORTS = ['newest', 'name', 'lastRun', 'runs'] as const;
export type Sort = (typeof SORTS)[number];

export interface AutomationsSearch extends AutomationFilter {
  sort?: Sort;
}

const STATES = ['active', 'inactive', 'draft'] as const;

function one<T extends string>(value: unknown, of: readonly T[]): T | undefined {
  return of.find((each) => each === value);
}

const text = (value: unknown) => (typeof value === 'string' && value ? value : undefined);

/** The list as its address says: a link shows what its sender saw. */
export function validateSearch(search: Record<string, unknown>): AutomationsSearch {
  return {
    status: one(search.status, STATES),
    trigger: text(search.trigger),
    search: text(search.search),
    sort: one(search.sort, SORTS),
  };
}

export const TABS = ['overview', 'runs', 'versions', 'settings'] as const;
export type AutomationTab = (typeof TABS)[number];

export const automationRoutes = [
  createRoute({
    getParentRoute: () => insideRoute,
    path: '/automations',
    validateSearch,
    component: lazyRouteComponent(() => import('./pages/AutomationsPage'), 'AutomationsPage'),
  }),
  createRoute({
    getParentRoute: () => insideRoute,
    path: '/automations/$automationId',
    validateSearch: (search: Record<string, unknown>): { tab?: AutomationTab } => ({
      tab: one(search.tab, TABS),
    }),
    component: lazyRouteComponent(() => import('./pages/AutomationPage'), 'AutomationPage'),
  }),
];
