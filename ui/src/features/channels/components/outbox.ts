import { type InfiniteData, useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { sendBytes } from '~/api/bytes';
import { answer, api, onceKey } from '~/api/client';
import type { components } from '~/api/schema';
import { channelKeys, type Message } from '../queries';

type Pages = InfiniteData<components['schemas']['MessagesView']>;

/** What was said here and is not stored yet. */
export interface Waiting {
  key: string;
  text: string;
  files: File[];
  thread: string | undefined;
  headers: ReturnType<typeof onceKey>;
  error: Error | null;
}

/** The pages with a message that has just been stored, unless the stream was quicker. */
export function withMessage(pages: Pages | undefined, message: Message): Pages | undefined {
  const [first, ...rest] = pages?.pages ?? [];
  if (!pages || !first) return pages;
  if (pages.pages.some(({ items }) => items.some(({ id }) => id === message.id))) return pages;
  return { ...pages, pages: [{ ...first, items: [message, ...first.items] }, ...rest] };
}

/** Sends what is said: shown at once; what fails stays, and is sent again under the same key. */
export function useOutbox(channelId: string) {
  const client = useQueryClient();
  const [waiting, setWaiting] = useState<Waiting[]>([]);
  const { mutate } = useMutation({
    mutationFn: async ({ text, files, thread, headers }: Waiting) => {
      const stored = await Promise.all(
        files.map((file) =>
          sendBytes<components['schemas']['FileView']>(
            'POST',
            `/api/files?name=${encodeURIComponent(file.name)}`,
            file,
          ),
        ),
      );
      return answer(
        api.POST('/api/channels/{channel_id}/messages', {
          params: { path: { channel_id: channelId } },
          body: { text, files: stored.map(({ id }) => id), thread_id: thread ?? null },
          headers,
        }),
      );
    },
    onSuccess: (message, { key, thread }) => {
      client.setQueryData<Pages>(channelKeys.messages(channelId, thread), (pages) =>
        withMessage(pages, message),
      );
      setWaiting((before) => before.filter((each) => each.key !== key));
    },
    onError: (error, { key }) =>
      setWaiting((before) => before.map((each) => (each.key === key ? { ...each, error } : each))),
  });
  const send = (text: string, files: File[], thread?: string) => {
    const headers = onceKey();
    const entry = { key: headers['Idempotency-Key'] ?? '', text, files, thread, headers, error: null };
    setWaiting((before) => [...before, entry]);
    mutate(entry);
  };
  const retry = (entry: Waiting) => {
    setWaiting((before) => before.map((each) => (each.key === entry.key ? { ...each, error: null } : each)));
    mutate(entry);
  };
  const drop = (entry: Waiting) => setWaiting((before) => before.filter(({ key }) => key !== entry.key));
  return { waiting, send, retry, drop };
}
