import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { answer, api, onceKey } from '~/api/client';
import type { components } from '~/api/schema';
import { done, failed } from '~/design/toast';
import { runKeys } from './queries';

export type ReplayPlan = components['schemas']['api__replay__PlanView'];
type Started = components['schemas']['StartedView'];

export interface Replay {
  version: 'then' | 'live' | 'draft';
  from: string;
  payload?: unknown;
}

/** What a replay would do, without doing it. */
export async function replayPlan(runId: string, replay: Replay): Promise<ReplayPlan> {
  const params = { path: { log_id: runId } };
  const body = { ...replay, dry_run: true } as components['schemas']['ReplayBody'];
  return (await answer(
    api.POST('/api/automations/logs/{log_id}/replay', { params, body }),
  )) as unknown as ReplayPlan;
}

export function useReplay(runId: string) {
  const { t } = useTranslation('runs');
  const client = useQueryClient();
  const navigate = useNavigate();
  return useMutation({
    mutationFn: async (replay: Replay) => {
      const params = { path: { log_id: runId } };
      const body = { ...replay, dry_run: false } as components['schemas']['ReplayBody'];
      const told = api.POST('/api/automations/logs/{log_id}/replay', { params, body, headers: onceKey() });
      return (await answer(told)) as unknown as Started;
    },
    onSuccess: ({ run_id }) => {
      void client.invalidateQueries({ queryKey: ['history', 'related'] });
      done(t('replayStarted'));
      void navigate({ to: '/automations/logs/$logId', params: { logId: run_id } });
    },
    onError: (error) => failed(error),
  });
}

export function useCancel(runId: string) {
  const { t } = useTranslation('runs');
  const client = useQueryClient();
  return useMutation({
    mutationFn: () =>
      answer(api.POST('/api/automations/logs/{log_id}/cancel', { params: { path: { log_id: runId } } })),
    onSuccess: ({ status }) => done(t(status === 'cancelled' ? 'cancelled' : 'cancelling')),
    onError: (error) => failed(error),
    onSettled: () => client.invalidateQueries({ queryKey: runKeys.detail(runId) }),
  });
}
