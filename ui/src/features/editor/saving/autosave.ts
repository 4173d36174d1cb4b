/** Saves the draft a moment after each change, with `If-Match`; what can't be saved now is kept and sent later. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import { Problem } from '~/api/problem';
import type { components } from '~/api/schema';
import { type Definition, definitionOf, same } from '../document/definition';
import type { DraftStore } from '../state/store';
import type { Journal } from './journal';

export type Detail = components['schemas']['DetailView'];

export interface Saving {
  /** conflict: somebody else saved; refused: the server can't store it as it is; away: it will be sent later. */
  phase: 'saved' | 'changed' | 'saving' | 'away' | 'refused' | 'conflict';
  detail: Detail;
  problem: Problem | null;
  /** Of a conflict: what the server has. */
  theirs: Detail | null;
}

export interface Server {
  read: () => Promise<Detail>;
  write: (definition: Definition, etag: string) => Promise<Detail>;
}

export interface Autosave {
  state: StoreApi<Saving>;
  /** Save now. True when everything is saved. */
  flush: () => Promise<boolean>;
  /** Settle a conflict. */
  keepMine: () => Promise<boolean>;
  takeTheirs: () => void;
  /** The server has something newer: publish, rollback, a switch. */
  adopt: (detail: Detail) => void;
  /** Look whether somebody else saved. */
  look: () => Promise<void>;
  stop: () => void;
}

interface Options {
  draft: DraftStore;
  detail: Detail;
  server: Server;
  journal: Journal;
  /** The ETag of the older draft that the unsaved changes were made from; null: they were made from `detail`. */
  staleFrom?: string | null;
  pauseMs?: number;
  retryMs?: number;
}

const PAUSE_MS = 700;
const RETRY_MS = 2000;
const LONGEST_RETRY_MS = 20_000;

export function autosave(options: Options): Autosave {
  const {
    draft,
    detail,
    server,
    journal,
    staleFrom = null,
    pauseMs = PAUSE_MS,
    retryMs = RETRY_MS,
  } = options;
  const state = createStore<Saving>()(() => ({
    phase: staleFrom === null ? 'saved' : 'conflict',
    detail,
    problem: null,
    theirs: staleFrom === null ? null : detail,
  }));
  let base: Definition = definitionOf(detail);
  let timer: ReturnType<typeof setTimeout> | undefined;
  let under: Promise<boolean> | null = null;
  let retry = retryMs;
  let stopped = false;

  /** What the draft was made from: in a conflict not what the server has, so that a killed tab asks again. */
  const madeFrom = () => {
    const { phase, detail: there } = state.getState();
    return phase === 'conflict' && staleFrom !== null ? staleFrom : there.etag;
  };
  const mine = () => draft.getState().definition;
  const later = (ms: number) => {
    clearTimeout(timer);
    if (!stopped) timer = setTimeout(() => void flush(), ms);
  };

  function changed(): void {
    if (same(mine(), base)) {
      if (state.getState().phase !== 'saving') {
        journal.clear();
        state.setState({ phase: 'saved', problem: null });
      }
      return;
    }
    journal.write({ etag: madeFrom(), definition: mine(), at: Date.now() });
    const { phase } = state.getState();
    if (phase === 'conflict') return;
    if (phase !== 'saving') state.setState({ phase: phase === 'away' ? 'away' : 'changed' });
    later(pauseMs);
  }

  function settle(saved: Detail, sent: Definition): void {
    const there = definitionOf(saved);
    base = same(there, sent) ? sent : there; // what both share is not compared again with every letter
    retry = retryMs;
    state.setState({ detail: saved, problem: null, theirs: null });
    if (mine() === sent && base !== sent) draft.getState().take(base);
    if (same(mine(), base)) {
      journal.clear();
      state.setState({ phase: 'saved' });
    } else {
      journal.write({ etag: saved.etag, definition: mine(), at: Date.now() });
      state.setState({ phase: 'changed' });
      later(pauseMs);
    }
  }

  async function flush(): Promise<boolean> {
    clearTimeout(timer);
    while (under) await under;
    if (state.getState().phase === 'conflict' || stopped) return false;
    if (same(mine(), base)) return true;
    under = write(mine()).finally(() => {
      under = null;
    });
    return (await under) && (same(mine(), base) || (await flush()));
  }

  async function write(sent: Definition): Promise<boolean> {
    state.setState({ phase: 'saving' });
    try {
      settle(await server.write(sent, state.getState().detail.etag), sent);
      return true;
    } catch (error) {
      const problem = error instanceof Problem ? error : new Problem(0, 'unknown', String(error));
      if (problem.status === 412) return await stale(sent);
      if (problem.passing || problem.code === 'signed_out') {
        state.setState({ phase: 'away', problem });
        later(retry);
        retry = Math.min(retry * 2, LONGEST_RETRY_MS);
      } else {
        state.setState({ phase: 'refused', problem });
      }
      return false;
    }
  }

  /** Somebody else saved: what they have may be the same, or the same as before. */
  async function stale(sent: Definition): Promise<boolean> {
    let theirs: Detail;
    try {
      theirs = await server.read();
    } catch {
      state.setState({ phase: 'away' });
      later(retry);
      return false;
    }
    const there = definitionOf(theirs);
    if (same(there, sent)) {
      settle(theirs, sent);
      return true;
    }
    if (same(there, base)) {
      state.setState({ detail: theirs });
      return write(sent);
    }
    state.setState({ phase: 'conflict', theirs });
    return false;
  }

  const api: Autosave = {
    state,
    flush,
    keepMine: async () => {
      const { theirs } = state.getState();
      if (!theirs) return false;
      const kept = mine();
      base = definitionOf(theirs);
      state.setState({ detail: theirs, theirs: null, phase: 'changed' });
      draft.getState().take(base, ''); // so that undo gives what the other side had
      draft.getState().take(kept, '');
      return flush();
    },
    takeTheirs: () => {
      const { theirs } = state.getState();
      if (theirs) api.adopt(theirs);
    },
    adopt: (next) => {
      base = definitionOf(next);
      clearTimeout(timer);
      state.setState({ detail: next, phase: 'saved', problem: null, theirs: null });
      if (!same(mine(), base)) draft.getState().take(base, '');
      journal.clear();
    },
    look: async () => {
      if (under || state.getState().phase !== 'saved') return;
      const there = await server.read().catch(() => null);
      if (!there || under || state.getState().phase !== 'saved') return;
      if (there.etag === state.getState().detail.etag) state.setState({ detail: there });
      else api.adopt(there);
    },
    stop: () => {
      stopped = true;
      clearTimeout(timer);
      unsubscribe();
    },
  };
  const unsubscribe = draft.subscribe((now, before) => {
    if (now.definition !== before.definition) changed();
  });
  if (!same(mine(), base)) changed();
  return api;
}
