import { type InfiniteData, useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { answer, api, onceKey } from '~/api/client';
import { useOptimistic } from '~/api/optimistic';
import type { components } from '~/api/schema';
import { done, failed } from '~/design/toast';
import { tellSecretOf } from '~/forms/triggers/secretOnce';
import { type Automation, automationKeys } from './queries';

type Pages = InfiniteData<components['schemas']['ListView']>;

interface Switch {
  automation: Automation;
  enabled: boolean;
}

const at = (automation: Automation) => ({ params: { path: { automation_id: automation.id } } });

function changed(pages: Pages, change: (items: Automation[]) => Automation[]): Pages {
  return { ...pages, pages: pages.pages.map((page) => ({ ...page, items: change(page.items) })) };
}

/** Switch on or off: seen at once, taken back by the toast's "Undo" or when it fails. */
export function useSwitch() {
  const { t } = useTranslation('automations');
  const { t: tApp } = useTranslation();
  const mutation = useOptimistic<Switch, Pages>({
    queryKey: automationKeys.lists,
    change: (pages, { automation, enabled }) =>
      changed(pages, (items) =>
        items.map((each) =>
          each.id === automation.id ? { ...each, enabled, status: enabled ? 'active' : 'inactive' } : each,
        ),
      ),
    send: ({ automation, enabled }) =>
      answer(api.PATCH('/api/automations/{automation_id}', { ...at(automation), body: { enabled } })),
    onSuccess: ({ automation, enabled }) =>
      done(t(enabled ? 'switchedOn' : 'switchedOff', { name: automation.name }), {
        label: tApp('undo'),
        act: () => mutation.mutate({ automation, enabled: !enabled }),
      }),
    onError: (error) => failed(error),
  });
  return mutation;
}

export function useDuplicate() {
  const { t } = useTranslation('automations');
  const { t: tApp } = useTranslation();
  const client = useQueryClient();
  const navigate = useNavigate();
  return useMutation({
    mutationFn: (automation: Automation) =>
      answer(
        api.POST('/api/automations/{automation_id}/duplicate', { ...at(automation), headers: onceKey() }),
      ),
    onSuccess: (copy) => {
      tellSecretOf(copy);
      void client.invalidateQueries({ queryKey: automationKeys.all });
      done(t('duplicated', { name: copy.name }), {
        label: tApp('open'),
        act: () => void navigate({ to: '/automations/$automationId', params: { automationId: copy.id } }),
      });
    },
    onError: (error) => failed(error),
  });
}

/** Delete: gone at once, without a question; the toast brings it back. */
export function useDelete() {
  const { t } = useTranslation('automations');
  const { t: tApp } = useTranslation();
  const client = useQueryClient();
  const restore = useMutation({
    mutationFn: (automation: Automation) =>
      answer(api.POST('/api/automations/{automation_id}/restore', at(automation))),
    onSuccess: (_detail, automation) => {
      void client.invalidateQueries({ queryKey: automationKeys.all });
      done(t('restored', { name: automation.name }));
    },
    onError: (error) => failed(error),
  });
  return useOptimistic<Automation, Pages>({
    queryKey: automationKeys.lists,
    change: (pages, automation) => changed(pages, (items) => items.filter(({ id }) => id !== automation.id)),
    send: (automation) => answer(api.DELETE('/api/automations/{automation_id}', at(automation))),
    onSuccess: (automation) =>
      done(t('deleted', { name: automation.name }), {
        label: tApp('undo'),
        act: () => restore.mutate(automation),
      }),
    onError: (error) => failed(error),
  });
}

/** Run the live version now; the toast leads to the run. */
export function useRun() {
  const { t } = useTranslation('automations');
  const { t: tApp } = useTranslation();
  const navigate = useNavigate();
  return useMutation({
    mutationFn: (automation: Pick<Automation, 'id' | 'name'>) =>
      answer(
        api.POST('/api/automations/{automation_id}/run', {
          params: { path: { automation_id: automation.id } },
          headers: onceKey(),
        }),
      ),
    onSuccess: ({ run_id }, { name }) =>
      done(t('started', { name }), {
        label: tApp('open'),
        act: () => void navigate({ to: '/automations/logs/$logId', params: { logId: run_id } }),
      }),
    onError: (error) => failed(error),
  });
}
