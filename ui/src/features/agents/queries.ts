import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query';
import { readBytes } from '~/api/bytes';
import { answer, api } from '~/api/client';
import type { components } from '~/api/schema';

export type Agent = components['schemas']['AgentView'];
export type AgentLine = components['schemas']['AgentLine'];
export type AgentRun = components['schemas']['AgentRunView'];

const PAGE = 100;

export const agentKeys = {
  all: ['agents'] as const,
  lists: ['agents', 'list'] as const,
  detail: (id: string) => ['agents', 'detail', id] as const,
  runs: (id: string) => ['agents', 'runs', id] as const,
};

export function agentsQuery(search?: string) {
  return queryOptions({
    queryKey: [...agentKeys.all, 'found', search ?? ''] as const,
    queryFn: ({ signal }) =>
      answer(api.GET('/api/agents', { params: { query: { limit: 200, search } }, signal })),
  });
}

export function agentPagesQuery(search?: string) {
  return infiniteQueryOptions({
    queryKey: [...agentKeys.lists, search ?? ''] as const,
    queryFn: ({ pageParam, signal }) =>
      answer(
        api.GET('/api/agents', { params: { query: { limit: PAGE, search, cursor: pageParam } }, signal }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    placeholderData: keepPreviousData,
  });
}

/** With the ETag under which it was read: an edit over somebody else's is refused. */
export function agentQuery(id: string) {
  return queryOptions({
    queryKey: agentKeys.detail(id),
    queryFn: async ({ signal }) => {
      const asked = api.GET('/api/agents/{agent}', { params: { path: { agent: id } }, signal });
      const agent = await answer(asked);
      return { agent, etag: (await asked).response.headers.get('ETag') };
    },
  });
}

export function agentStatusQuery(id: string) {
  return queryOptions({
    queryKey: [...agentKeys.all, 'status', id] as const,
    queryFn: ({ signal }) =>
      answer(api.GET('/api/agents/{agent}/status', { params: { path: { agent: id } }, signal })),
  });
}

export function agentRunsQuery(id: string) {
  return infiniteQueryOptions({
    queryKey: agentKeys.runs(id),
    queryFn: ({ pageParam, signal }) =>
      answer(
        api.GET('/api/agents/{agent}/runs', {
          params: { path: { agent: id }, query: { limit: 50, cursor: pageParam } },
          signal,
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
  });
}

export function runLinesQuery(runId: string) {
  return queryOptions({
    queryKey: [...agentKeys.all, 'lines', runId] as const,
    queryFn: ({ signal }) =>
      answer(
        api.GET('/api/agents/runs/{run_id}/logs', {
          params: { path: { run_id: runId }, query: { limit: 200 } },
          signal,
        }),
      ),
  });
}

export function agentUsageQuery(id: string) {
  return queryOptions({
    queryKey: [...agentKeys.all, 'usage', id] as const,
    queryFn: ({ signal }) =>
      answer(api.GET('/api/agents/{agent}/usage', { params: { path: { agent: id } }, signal })),
  });
}

/** The run of a question, read again whenever the stream tells of runs. */
export function askedQuery(runId: string) {
  return queryOptions({
    queryKey: ['runs', 'asked', runId] as const,
    queryFn: ({ signal }) =>
      answer(
        api.GET('/api/automations/logs/{log_id}', {
          params: { path: { log_id: runId }, query: { items: false } },
          signal,
        }),
      ),
  });
}

/** The models of a provider; it is really asked. */
export function modelsQuery(connectionId: string) {
  return queryOptions({
    queryKey: ['connections', 'models', connectionId] as const,
    queryFn: ({ signal }) =>
      answer(
        api.GET('/api/connections/{connection_id}/models', {
          params: { path: { connection_id: connectionId } },
          signal,
        }),
      ),
    staleTime: 300_000,
    retry: false,
  });
}

/** A picture of ours as something that an `img` shows. */
export function pictureQuery(path: string) {
  return queryOptions({
    queryKey: ['pictures', path] as const,
    queryFn: async ({ signal }) => URL.createObjectURL(await readBytes(path, signal)),
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });
}
