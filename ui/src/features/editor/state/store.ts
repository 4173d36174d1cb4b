/** The draft being edited, with undo and redo. Selection and the like stand in `view.ts`: they are not undone. */
import { type TemporalState, temporal } from 'zundo';
import { useStore } from 'zustand';
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { Definition } from '../document/definition';

export interface Draft {
  definition: Definition;
  /** What the last change was, in words; it names what undo takes back. */
  label: string;
  /** Change it. Changes with the same `group` that follow each other closely are one to undo. */
  edit: (label: string, change: (definition: Definition) => Definition, group?: string) => void;
  /** Take a definition that was not edited here: the first, the server's, the other tab's. */
  take: (definition: Definition, label?: string) => void;
}

type Kept = Pick<Draft, 'definition' | 'label'>;
export type DraftStore = StoreApi<Draft> & { temporal: StoreApi<TemporalState<Kept>> };

const TOGETHER_MS = 1000;
const MOST_UNDONE = 200;

export function createDraft(definition: Definition, now: () => number = Date.now): DraftStore {
  let group: string | undefined;
  let last = 0;
  let joins = false;
  const store: DraftStore = createStore<Draft>()(
    temporal<Draft, [], [], Kept>(
      (set, get) => ({
        definition,
        label: '',
        edit: (label, change, named) => {
          const next = change(get().definition);
          if (next === get().definition) return;
          const { futureStates, pastStates } = store.temporal.getState();
          const close = named !== undefined && named === group && now() - last < TOGETHER_MS;
          joins = close && futureStates.length === 0 && pastStates.length > 0;
          group = named;
          last = now();
          set({ definition: next, label });
          joins = false;
        },
        take: (next, label) => {
          group = undefined;
          if (label === undefined) store.temporal.getState().pause();
          set({ definition: next, label: label ?? get().label });
          if (label === undefined) store.temporal.getState().resume();
        },
      }),
      {
        limit: MOST_UNDONE,
        partialize: ({ definition: kept, label }) => ({ definition: kept, label }),
        equality: (one, other) => one.definition === other.definition,
        handleSet: (handle) => {
          const push = handle as (...state: unknown[]) => void;
          return (...state) => {
            if (!joins) push(...state);
          };
        },
      },
    ),
  );
  return store;
}

export function useDraft<T>(store: DraftStore, select: (draft: Draft) => T): T {
  return useStore(store, select);
}

export function useHistory<T>(store: DraftStore, select: (history: TemporalState<Kept>) => T): T {
  return useStore(store.temporal, select);
}
