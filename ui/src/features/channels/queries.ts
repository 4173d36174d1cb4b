import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query';
import { answer, api } from '~/api/client';
import type { components } from '~/api/schema';

export type Channel = components['schemas']['ChannelView'];
export type Message = components['schemas']['api__messages__MessageView'];
export type Member = components['schemas']['api__channels__MemberView'];

const PAGE = 50;

export const channelKeys = {
  all: ['channels'] as const,
  messages: (id: string, thread?: string) => ['channels', 'messages', id, thread ?? ''] as const,
};

export function channelsQuery() {
  return queryOptions({
    queryKey: [...channelKeys.all, 'list'] as const,
    queryFn: ({ signal }) => answer(api.GET('/api/channels', { params: { query: { limit: 200 } }, signal })),
  });
}

export function channelQuery(id: string) {
  return queryOptions({
    queryKey: [...channelKeys.all, 'detail', id] as const,
    queryFn: ({ signal }) =>
      answer(api.GET('/api/channels/{channel_id}', { params: { path: { channel_id: id } }, signal })),
  });
}

/** What was said at the top level, or in a thread; the newest first. */
export function messagesQuery(id: string, thread?: string) {
  return infiniteQueryOptions({
    queryKey: channelKeys.messages(id, thread),
    queryFn: ({ pageParam, signal }) =>
      answer(
        api.GET('/api/channels/{channel_id}/messages', {
          params: { path: { channel_id: id }, query: { limit: PAGE, cursor: pageParam, thread } },
          signal,
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
  });
}

export function membersQuery(id: string) {
  return queryOptions({
    queryKey: [...channelKeys.all, 'members', id] as const,
    queryFn: ({ signal }) =>
      answer(
        api.GET('/api/channels/{channel_id}/members', {
          params: { path: { channel_id: id }, query: { limit: 200 } },
          signal,
        }),
      ),
  });
}

export function foundQuery(q: string) {
  return queryOptions({
    queryKey: [...channelKeys.all, 'found', q] as const,
    queryFn: ({ signal }) =>
      answer(api.GET('/api/messages', { params: { query: { q, limit: 50 } }, signal })),
    enabled: q.trim().length > 1,
    placeholderData: keepPreviousData,
  });
}
