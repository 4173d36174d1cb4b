import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { insideRoute } from '~/app/layouts';

export const channelRoutes = [
  createRoute({
    getParentRoute: () => insideRoute,
    path: '/channels',
    component: lazyRouteComponent(() => import('./pages/ChannelsPage'), 'ChannelsPage'),
  }),
  createRoute({
    getParentRoute: () => insideRoute,
    path: '/channels/$channelId',
    component: lazyRouteComponent(() => import('./pages/ChannelPage'), 'ChannelPage'),
  }),
];
