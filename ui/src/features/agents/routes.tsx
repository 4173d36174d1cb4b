import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { insideRoute } from '~/app/layouts';

export const TABS = ['chat', 'runs', 'edit', 'usage'] as const;
export type Tab = (typeof TABS)[number];

const text = (value: unknown) => (typeof value === 'string' && value ? value : undefined);

export const agentRoutes = [
  createRoute({
    getParentRoute: () => insideRoute,
    path: '/agents',
    validateSearch: (search: Record<string, unknown>): { search?: string } => ({
      search: text(search.search),
    }),
    component: lazyRouteComponent(() => import('./pages/AgentsPage'), 'AgentsPage'),
  }),
  createRoute({
    getParentRoute: () => insideRoute,
    path: '/admin/agents/new',
    component: lazyRouteComponent(() => import('./pages/NewAgentPage'), 'NewAgentPage'),
  }),
  createRoute({
    getParentRoute: () => insideRoute,
    path: '/agents/$agentId',
    validateSearch: (search: Record<string, unknown>): { tab?: Tab } => ({
      tab: TABS.find((each) => each === search.tab),
    }),
    component: lazyRouteComponent(() => import('./pages/AgentPage'), 'AgentPage'),
  }),
];
