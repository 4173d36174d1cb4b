import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { insideRoute } from '~/app/layouts';

export const agentRoutes = [
  createRoute({
    getParentRoute: () => insideRoute,
    path: '/agents',
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
    component: lazyRouteComponent(() => import('./pages/AgentPage'), 'AgentPage'),
  }),
];
