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
  /** Runs that begin are shown, until one is closed or a certain one is looked at. */
  following: boolean;
  begin: (run: string, how?: { follow: boolean }) => void;
  runIs: (status: string, error: string | null) => void;
  stepIs: (id: string, change: Partial<StepStatus>) => void;
  /** Show none. `follow`: the next one that begins. */
  forget: (how?: { follow: boolean }) => void;
}

const NEW: StepStatus = { status: 'pending', durationMs: null, attempt: 1, error: null, items: 0 };
const NONE = { run: null, status: null, error: null, steps: {} };
const FOLLOWING = { follow: true };

export const useStatuses = create<Statuses>()((set) => ({
  ...NONE,
  following: true,
  begin: (run, { follow } = FOLLOWING) => set({ ...NONE, run, status: 'queued', following: follow }),
  runIs: (status, error) => set({ status, error }),
  stepIs: (id, change) =>
    set(({ steps }) => ({ steps: { ...steps, [id]: { ...(own(steps, id) ?? NEW), ...change } } })),
  forget: ({ follow } = FOLLOWING) => set({ ...NONE, following: follow }),
}));
