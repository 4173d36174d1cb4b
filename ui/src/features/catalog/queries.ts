import { queryOptions } from '@tanstack/react-query';
import { answer, api } from '~/api/client';
import { language } from '~/i18n/language';

/** What can be used here: actions, triggers and kinds of connections, with their titles in the reader's language. */
export function catalogQuery() {
  return queryOptions({
    queryKey: ['catalog', language()] as const,
    queryFn: ({ signal }) => answer(api.GET('/api/catalog', { signal })),
    staleTime: 600_000,
  });
}
