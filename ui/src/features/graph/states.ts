import { useCallback, useSyncExternalStore } from 'react';

export interface StepState {
  status: string;
  duration_ms?: number | null;
  /** Of a loop: how its items stand, in words. */
  note?: string;
}

const isSame = (a: StepState | undefined, b: StepState | undefined) =>
  a?.status === b?.status && a?.duration_ms === b?.duration_ms && a?.note === b?.note;

/** The states of steps by id, beside the graph: a step that changes draws itself anew and no other. */
export class StepStates {
  #states: ReadonlyMap<string, StepState> = new Map();
  #listeners = new Map<string, Set<() => void>>();

  get(id: string): StepState | undefined {
    return this.#states.get(id);
  }

  put(states: ReadonlyMap<string, StepState>): void {
    const before = this.#states;
    this.#states = new Map(
      [...states].map(([id, state]) => [
        id,
        isSame(before.get(id), state) ? (before.get(id) as StepState) : state,
      ]),
    );
    for (const [id, listeners] of this.#listeners) {
      if (!isSame(before.get(id), states.get(id))) for (const listener of listeners) listener();
    }
  }

  subscribe(id: string, listener: () => void): () => void {
    const listeners = this.#listeners.get(id) ?? new Set();
    listeners.add(listener);
    this.#listeners.set(id, listeners);
    return () => listeners.delete(listener);
  }
}

export function useStepState(states: StepStates, id: string): StepState | undefined {
  return useSyncExternalStore(
    useCallback((listener) => states.subscribe(id, listener), [states, id]),
    () => states.get(id),
  );
}
