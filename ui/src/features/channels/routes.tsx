import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { insideRoute } from '~/app/layouts';

const text = (value: unknown) => (typeof value === 'string' && value ? value : undefined);

export const channelRoutes = [
  createRoute({
    getParentRoute: () => insideRoute,
    path: '/channels',
    /** `q` searches what was said. */
    validateSearch: (search: Record<string, unknown>): { q?: string } => ({ q: text(search.q) }),
    component: lazyRouteComponent(() => import('./pages/ChannelsPage'), 'ChannelsPage'),
  }),
  createRoute({
    getParentRoute: () => insideRoute,
    path: '/channels/$channelId',
    validateSearch: (search: Record<string, unknown>): { thread?: string } => ({
      thread: text(search.thread),
    }),
    component: lazyRouteComponent(() => import('./pages/ChannelPage'), 'ChannelPage'),
  }),
];
