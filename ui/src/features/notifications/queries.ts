import { queryOptions } from '@tanstack/react-query';
import { answer, api } from '~/api/client';

export const notificationKeys = { all: ['notifications'] as const };

export function notificationsQuery() {
  return queryOptions({
    queryKey: notificationKeys.all,
    queryFn: ({ signal }) =>
      answer(api.GET('/api/notifications', { params: { query: { limit: 20 } }, signal })),
  });
}
