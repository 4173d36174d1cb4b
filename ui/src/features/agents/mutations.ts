import { type InfiniteData, useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { sendBytes } from '~/api/bytes';
import { answer, api, ifMatch, onceKey } from '~/api/client';
import { useOptimistic } from '~/api/optimistic';
import type { components } from '~/api/schema';
import { done, failed } from '~/design/toast';
import { type AgentDraft, bodyOf, changesOf, draftOf } from './draft';
import { type Agent, type AgentLine, agentKeys, agentQuery } from './queries';

type Pages = InfiniteData<components['schemas']['AgentsView']>;

function sendPicture(agentId: string, picture: File): Promise<Agent> {
  return sendBytes<Agent>('PUT', `/api/agents/${agentId}/avatar`, picture);
}

/** Deploy what was built; `key` is made once, so that pressing twice makes one agent. */
export function useCreateAgent(onMade: (agent: Agent) => void) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (given: {
      draft: AgentDraft;
      picture: File | null;
      headers: ReturnType<typeof onceKey>;
    }) => {
      const { draft, picture, headers } = given;
      const made = await answer(api.POST('/api/agents', { body: bodyOf(draft), headers }));
      return picture ? sendPicture(made.id, picture) : made;
    },
    onSuccess: (agent) => {
      void client.invalidateQueries({ queryKey: agentKeys.all });
      onMade(agent);
    },
  });
}

interface Edit {
  /** As it was read, under this ETag. */
  agent: Agent;
  etag: string | null;
  draft: AgentDraft;
  picture: File | null;
}

/** Save what changed; 412 where somebody else saved meanwhile. Gives it as it is then. */
export function useSaveAgent(agentId: string) {
  const { t } = useTranslation('agents');
  const client = useQueryClient();
  return useMutation({
    mutationFn: async ({ agent, etag, draft, picture }: Edit) => {
      const path = { agent: agentId };
      const body = changesOf(draftOf(agent), draft);
      await answer(api.PATCH('/api/agents/{agent}', { params: { path }, body, headers: ifMatch(etag) }));
      if (picture) await sendPicture(agentId, picture);
      return client.fetchQuery({ ...agentQuery(agentId), staleTime: 0 });
    },
    onSuccess: (_saved, { draft }) => {
      void client.invalidateQueries({ queryKey: agentKeys.all });
      done(t('saved', { name: draft.name }));
    },
  });
}

interface Switch {
  agent: Pick<AgentLine, 'id' | 'name'>;
  enabled: boolean;
}

/** Switch on or off; switching on takes the connections that came meanwhile. */
export function useSwitchAgent() {
  const { t } = useTranslation('agents');
  const { t: tApp } = useTranslation();
  const client = useQueryClient();
  const mutation = useOptimistic<Switch, Pages>({
    queryKey: agentKeys.lists,
    change: (pages, { agent, enabled }) => ({
      ...pages,
      pages: pages.pages.map((page) => ({
        ...page,
        items: page.items.map((each) => (each.id === agent.id ? { ...each, enabled } : each)),
      })),
    }),
    send: ({ agent, enabled }) =>
      answer(api.PATCH('/api/agents/{agent}', { params: { path: { agent: agent.id } }, body: { enabled } })),
    onSuccess: ({ agent, enabled }) => {
      void client.invalidateQueries({ queryKey: agentKeys.all });
      void client.invalidateQueries({ queryKey: ['automations'] });
      done(t(enabled ? 'switchedOn' : 'switchedOff', { name: agent.name }), {
        label: tApp('undo'),
        act: () => mutation.mutate({ agent, enabled: !enabled }),
      });
    },
    onError: (error) => failed(error),
  });
  return mutation;
}

/** Delete, after a question: it can't be undone. */
export function useDeleteAgent() {
  const { t } = useTranslation('agents');
  const client = useQueryClient();
  const navigate = useNavigate();
  return useMutation({
    mutationFn: (agent: Pick<AgentLine, 'id' | 'name'>) =>
      answer(api.DELETE('/api/agents/{agent}', { params: { path: { agent: agent.id } } })),
    onSuccess: async (_done, { name }) => {
      await navigate({ to: '/agents' });
      void client.invalidateQueries({ queryKey: agentKeys.lists });
      void client.invalidateQueries({ queryKey: ['automations'] });
      done(t('deleted', { name }));
    },
    onError: (error) => failed(error),
  });
}

/** Run the automation that it carries; the toast leads to the run. */
export function useRunAgent() {
  const { t } = useTranslation('agents');
  const { t: tApp } = useTranslation();
  const navigate = useNavigate();
  return useMutation({
    mutationFn: (agent: Pick<Agent, 'id' | 'name'>) =>
      answer(
        api.POST('/api/agents/{agent}/run', { params: { path: { agent: agent.id } }, headers: onceKey() }),
      ),
    onSuccess: ({ run_id }, { name }) =>
      done(t('started', { name }), {
        label: tApp('open'),
        act: () => void navigate({ to: '/automations/logs/$logId', params: { logId: run_id } }),
      }),
    onError: (error) => failed(error),
  });
}

/** The room of the caller and this agent alone. */
export function useDirectRoom() {
  const client = useQueryClient();
  const navigate = useNavigate();
  return useMutation({
    mutationFn: (memberId: string) =>
      answer(
        api.POST('/api/channels', {
          body: { kind: 'direct', members: [memberId], topic: '', is_open: false },
        }),
      ),
    onSuccess: ({ id }) => {
      void client.invalidateQueries({ queryKey: ['channels'] });
      void navigate({ to: '/channels/$channelId', params: { channelId: id } });
    },
    onError: (error) => failed(error),
  });
}
