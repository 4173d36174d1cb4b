/** What is chosen and open in the editor. Not part of the draft: it is neither saved nor undone. */
import { create } from 'zustand';
import type { Slot } from '../document/edit';

export type Face = 'canvas' | 'outline' | 'json';
export type Tab = 'input' | 'config' | 'output';

interface View {
  selected: string[];
  face: Face;
  tab: Tab;
  /** The field that a finding leads to, as a path in the config. */
  field: string | null;
  /** Where the palette inserts; null: it is closed. */
  slot: Slot | null;
  renaming: boolean;
  select: (ids: string[], field?: string | null) => void;
  show: (face: Face) => void;
  open: (tab: Tab) => void;
  insertAt: (slot: Slot | null) => void;
  rename: (renaming: boolean) => void;
  reset: () => void;
}

const FIRST = { selected: [], tab: 'config', field: null, slot: null, renaming: false } as const;

export const useView = create<View>()((set) => ({
  ...FIRST,
  selected: [],
  face: 'canvas',
  select: (selected, field = null) => set({ selected, field, ...(field ? { tab: 'config' as const } : {}) }),
  show: (face) => set({ face }),
  open: (tab) => set({ tab }),
  insertAt: (slot) => set({ slot }),
  rename: (renaming) => set({ renaming }),
  reset: () => set({ ...FIRST, selected: [] }),
}));
