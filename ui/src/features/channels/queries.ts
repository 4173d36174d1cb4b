import { queryOptions } from '@tanstack/react-query';
import { answer, api } from '~/api/client';

export const channelKeys = { all: ['channels'] as const };

export function channelsQuery() {
  return queryOptions({
    queryKey: [...channelKeys.all, 'list'] as const,
    queryFn: ({ signal }) => answer(api.GET('/api/channels', { params: { query: { limit: 50 } }, signal })),
  });
}

export function channelQuery(id: string) {
  return queryOptions({
    queryKey: [...channelKeys.all, 'detail', id] as const,
    queryFn: ({ signal }) =>
      answer(api.GET('/api/channels/{channel_id}', { params: { path: { channel_id: id } }, signal })),
  });
}

export function messagesQuery(id: string) {
  return queryOptions({
    queryKey: [...channelKeys.all, 'messages', id] as const,
    queryFn: ({ signal }) =>
      answer(
        api.GET('/api/channels/{channel_id}/messages', {
          params: { path: { channel_id: id }, query: { limit: 50 } },
          signal,
        }),
      ),
  });
}
