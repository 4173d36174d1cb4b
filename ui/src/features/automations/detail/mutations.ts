import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { answer, api, ifMatch, onceKey } from '~/api/client';
import { done, failed } from '~/design/toast';
import { automationKeys } from '../queries';
import type { AutomationDetail } from './queries';

const at = (id: string) => ({ path: { automation_id: id } });

/** Switch one automation on or off; the toast takes it back. */
export function useSwitchOne(automation: Pick<AutomationDetail, 'id' | 'name'>) {
  const { t } = useTranslation('automations');
  const { t: tApp } = useTranslation();
  const client = useQueryClient();
  const key = automationKeys.detail(automation.id);
  const mutation = useMutation({
    mutationFn: (enabled: boolean) =>
      answer(api.PATCH('/api/automations/{automation_id}', { params: at(automation.id), body: { enabled } })),
    onMutate: async (enabled) => {
      await client.cancelQueries({ queryKey: key, exact: true });
      const before = client.getQueryData<AutomationDetail>(key);
      client.setQueryData<AutomationDetail>(
        key,
        (data) => data && { ...data, enabled, status: enabled ? 'active' : 'inactive', paused: null },
      );
      return before;
    },
    onSuccess: (_answer, enabled) =>
      done(t(enabled ? 'switchedOn' : 'switchedOff', { name: automation.name }), {
        label: tApp('undo'),
        act: () => mutation.mutate(!enabled),
      }),
    onError: (error, _enabled, before) => {
      client.setQueryData(key, before);
      failed(error);
    },
    onSettled: () => client.invalidateQueries({ queryKey: automationKeys.all }),
  });
  return mutation;
}

export function useStart(id: string) {
  return useMutation({
    mutationFn: (payload: unknown) =>
      answer(
        api.POST('/api/automations/{automation_id}/run', {
          params: at(id),
          body: { payload } as { payload: never },
          headers: onceKey(),
        }),
      ),
    onError: (error) => failed(error),
  });
}

/** Publish an old version as a new one; the toast goes back to what was live. */
export function useRestore(automation: Pick<AutomationDetail, 'id' | 'name' | 'live_version'>) {
  const { t } = useTranslation('automations');
  const { t: tApp } = useTranslation();
  const client = useQueryClient();
  const mutation = useMutation({
    mutationFn: ({ version }: { version: number; undoTo: number | null }) =>
      answer(
        api.POST('/api/automations/{automation_id}/rollback', {
          params: at(automation.id),
          body: { version },
          headers: onceKey(),
        }),
      ),
    onSuccess: (_detail, { version, undoTo }) =>
      done(
        t('restoredVersion', { number: version, name: automation.name }),
        undoTo === null
          ? undefined
          : { label: tApp('undo'), act: () => mutation.mutate({ version: undoTo, undoTo: null }) },
      ),
    onError: (error) => failed(error),
    onSettled: () => client.invalidateQueries({ queryKey: automationKeys.all }),
  });
  return mutation;
}

/** Change the policy: at once where the draft holds nothing else, into the draft otherwise. */
export function usePolicy(automation: AutomationDetail) {
  const { t } = useTranslation('automations');
  const client = useQueryClient();
  return useMutation({
    mutationFn: (policy: Record<string, unknown>) => {
      const asDraft = automation.live_version === null || automation.draft_changed;
      return answer(
        api.PATCH('/api/automations/{automation_id}', {
          params: { ...at(automation.id), query: { as_draft: asDraft } },
          body: { policy },
          headers: ifMatch(automation.etag),
        }),
      );
    },
    onSuccess: () =>
      done(t(automation.draft_changed ? 'policyInDraft' : 'policySaved', { name: automation.name })),
    onError: (error) => failed(error),
    onSettled: () => client.invalidateQueries({ queryKey: automationKeys.all }),
  });
}
