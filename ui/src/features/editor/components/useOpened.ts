import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { done } from '~/design/toast';
import { automationKeys } from '~/features/automations/queries';
import { forgetModes } from '~/forms/expressions/useMode';
import { tellSecretOf } from '~/forms/triggers/secretOnce';
import { definitionOf } from '../document/definition';
import type { Action, Trigger } from '../document/kinds';
import { findingsOf, serverOf } from '../queries';
import { type Autosave, autosave, type Detail } from '../saving/autosave';
import { journalOf, tabName } from '../saving/journal';
import { restored } from '../saving/restore';
import { useFindingsStore } from '../state/findings';
import { useSamples } from '../state/samples';
import { useStatuses } from '../state/status';
import { createDraft, type DraftStore } from '../state/store';
import { useView } from '../state/view';
import type { Editor } from './EditorContext';

/** Opens an editor on a draft: with what a tab left unsaved, and saved until the page is left. */
export function useOpened(loaded: Detail, actionList: Action[], triggers: Trigger[]): Editor | null {
  const { t } = useTranslation('editor');
  const { t: tApp } = useTranslation();
  const client = useQueryClient();
  const [detail] = useState(loaded);
  const [parts, setParts] = useState<{ draft: DraftStore; saving: Autosave } | null>(null);
  const actions = useMemo(() => new Map(actionList.map((action) => [action.name, action])), [actionList]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: opened once; other texts open nothing anew
  useEffect(() => {
    const journal = journalOf(detail.id, tabName());
    const found = restored(detail, journal);
    const draft = createDraft(definitionOf(detail as unknown as Record<string, unknown>));
    if (found && !found.stale) draft.getState().take(found.definition, t('did.restored'));
    if (found?.stale) draft.getState().take(found.definition);
    const staleFrom = found?.stale ? found.etag : null;
    const saving = autosave({ draft, detail, server: serverOf(detail.id), journal, staleFrom });
    if (found && !found.stale)
      done(t('restored'), { label: tApp('undo'), act: () => draft.temporal.getState().undo() });
    const stop = follow(draft, saving, detail);
    setParts({ draft, saving });
    return () => {
      stop();
      void saving.flush().finally(() => {
        saving.stop();
        void client.invalidateQueries({ queryKey: automationKeys.all });
      });
      for (const store of [useView, useSamples] as const) store.getState().reset();
      useStatuses.getState().forget();
      forgetModes();
      useFindingsStore.getState().set([]);
    };
  }, [detail]);
  return useMemo(
    () => parts && { id: detail.id, ...parts, actions, triggers },
    [parts, detail.id, actions, triggers],
  );
}

/** Findings of each save; and a look at the server when one comes back to the tab, or back online. */
function follow(draft: DraftStore, saving: Autosave, detail: Detail): () => void {
  const { set } = useFindingsStore.getState();
  const end = new AbortController();
  const first = draft.getState().definition;
  void findingsOf(detail.id, first, end.signal)
    .then(({ findings }) => {
      if (draft.getState().definition === first) set(findings);
    })
    .catch(() => undefined);
  const unsubscribe = saving.state.subscribe((now, before) => {
    if (now.detail !== before.detail) tellSecretOf(now.detail);
    if (now.phase === 'refused' && now.problem && now.problem !== before.problem)
      set(now.problem.errors.map((each) => ({ ...each, severity: 'error' as const })));
    else if (now.detail !== before.detail) set(now.detail.findings);
  });
  const look = () => {
    if (document.visibilityState === 'visible') void saving.look();
  };
  const online = () => void saving.flush();
  const { signal } = end;
  document.addEventListener('visibilitychange', look, { signal });
  window.addEventListener('focus', look, { signal });
  window.addEventListener('online', online, { signal });
  return () => {
    unsubscribe();
    end.abort();
  };
}
