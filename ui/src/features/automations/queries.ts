import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query';
import { answer, api } from '~/api/client';
import type { components } from '~/api/schema';

export type Automation = components['schemas']['SummaryView'];

export interface AutomationFilter {
  status?: 'active' | 'inactive' | 'draft';
  trigger?: string;
  search?: string;
}

const PAGE = 100;

export const automationKeys = {
  all: ['automations'] as const,
  lists: ['automations', 'list'] as const,
  list: (filter: AutomationFilter) => ['automations', 'list', filter] as const,
  found: (search: string) => ['automations', 'found', search] as const,
  detail: (id: string) => ['automations', 'detail', id] as const,
};

export function automationsQuery(filter: AutomationFilter) {
  return infiniteQueryOptions({
    queryKey: automationKeys.list(filter),
    queryFn: ({ pageParam, signal }) => {
      const query = { status: filter.status, trigger_type: filter.trigger, search: filter.search };
      return answer(
        api.GET('/api/automations', {
          params: { query: { ...query, limit: PAGE, cursor: pageParam } },
          signal,
        }),
      );
    },
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    placeholderData: keepPreviousData,
  });
}

export function automationsFoundQuery(search: string) {
  return queryOptions({
    queryKey: automationKeys.found(search),
    queryFn: ({ signal }) =>
      answer(api.GET('/api/automations', { params: { query: { search, limit: 8 } }, signal })),
  });
}

export function automationQuery(id: string) {
  return queryOptions({
    queryKey: automationKeys.detail(id),
    queryFn: ({ signal }) =>
      answer(
        api.GET('/api/automations/{automation_id}', { params: { path: { automation_id: id } }, signal }),
      ),
  });
}
