import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Problem } from '~/api/problem';
import { done } from '~/design/toast';
import { type AgentDraft, changesOf, draftOf } from '../draft';
import { type DraftField, merged } from '../merging';
import { useSaveAgent } from '../mutations';
import { type Agent, agentKeys, agentQuery } from '../queries';

const STALE = 412;

export interface Read {
  agent: Agent;
  etag: string | null;
}

export interface Clash {
  theirs: Read;
  fields: DraftField[];
}

/** An edit of an agent: what was read, what was typed, and what becomes of both when others save meanwhile. */
export function useAgentEdit(now: Read) {
  const { t } = useTranslation('agents');
  const { t: tApp } = useTranslation();
  const client = useQueryClient();
  const [base, setBase] = useState(now);
  const [draft, setDraft] = useState<AgentDraft>(draftOf(now.agent));
  const [picture, setPicture] = useState<File | null>(null);
  const [clash, setClash] = useState<Clash | null>(null);
  const save = useSaveAgent(base.agent.id);
  const before = draftOf(base.agent);
  const changed = picture !== null || Object.keys(changesOf(before, draft)).length > 0;

  /** Go on from what others saved, with one's own changes over it. */
  const rebase = (theirs: Read) => {
    const next = merged(before, draftOf(theirs.agent), draft).draft;
    setBase(theirs);
    setDraft(next);
    return next;
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: only when something new was read
  useEffect(() => {
    if (now.etag === base.etag || save.isPending) return;
    if (merged(before, draftOf(now.agent), draft).clashes.length === 0) rebase(now);
  }, [now.etag]);

  const send = async (on: Read, next: AgentDraft, isAgain = false): Promise<boolean> => {
    try {
      const saved = await save.mutateAsync({ ...on, draft: next, picture });
      setPicture(null);
      setClash(null);
      setBase(saved);
      setDraft(draftOf(saved.agent));
      return true;
    } catch (error) {
      if (!(error instanceof Problem) || error.status !== STALE || isAgain) return false;
      const theirs = await client.fetchQuery({ ...agentQuery(on.agent.id), staleTime: 0 });
      const both = merged(draftOf(on.agent), draftOf(theirs.agent), next);
      if (both.clashes.length === 0) {
        rebase(theirs);
        return send(theirs, both.draft, true);
      }
      save.reset();
      setClash({ theirs, fields: both.clashes });
      return false;
    }
  };
  const takeTheirs = () => {
    if (!clash) return;
    const [mine, mineRead, mineBefore] = [draft, clash.theirs, before];
    setBase(clash.theirs);
    setDraft(draftOf(clash.theirs.agent));
    setClash(null);
    void client.invalidateQueries({ queryKey: agentKeys.detail(clash.theirs.agent.id) });
    done(t('tookTheirs'), {
      label: tApp('undo'),
      act: () => setDraft(merged(mineBefore, draftOf(mineRead.agent), mine).draft),
    });
  };
  return {
    draft,
    picture,
    changed,
    clash,
    error: save.error,
    isSaving: save.isPending,
    change: (part: Partial<AgentDraft>) => setDraft((was) => ({ ...was, ...part })),
    onPicture: setPicture,
    save: () => send(base, draft),
    keepMine: () => {
      if (!clash) return;
      const next = rebase(clash.theirs);
      void send(clash.theirs, next);
    },
    takeTheirs,
    goOn: () => setClash(null),
    discard: () => {
      setDraft(before);
      setPicture(null);
      save.reset();
    },
  };
}
