/** How the steps of the watched run are, by id: a store of its own, so that an event draws one block anew. */
import { create } from 'zustand';
import { own } from '../document/own';

export interface StepStatus {
  status: string;
  durationMs: number | null;
  attempt: number;
  error: string | null;
  /** Of a step in a loop: how many items ended well, failed, and were begun. */
  items: number;
}

interface Statuses {
  run: string | null;
  status: string | null;
  error: string | null;
  steps: Readonly<Record<string, StepStatus>>;
  begin: (run: string) => void;
  runIs: (status: string, error: string | null) => void;
  stepIs: (id: string, change: Partial<StepStatus>) => void;
  forget: () => void;
}

const NEW: StepStatus = { status: 'pending', durationMs: null, attempt: 1, error: null, items: 0 };
const NONE = { run: null, status: null, error: null, steps: {} };

export const useStatuses = create<Statuses>()((set) => ({
  ...NONE,
  begin: (run) => set({ ...NONE, run, status: 'queued' }),
  runIs: (status, error) => set({ status, error }),
  stepIs: (id, change) =>
    set(({ steps }) => ({ steps: { ...steps, [id]: { ...(own(steps, id) ?? NEW), ...change } } })),
  forget: () => set(NONE),
}));
