/** What is wrong with the draft, as the server says; a store of its own, so that one block is drawn anew. */
import { create } from 'zustand';
import type { components } from '~/api/schema';

export type Finding = components['schemas']['FindingView'];

interface Findings {
  all: Finding[];
  set: (all: Finding[]) => void;
}

export const useFindingsStore = create<Findings>()((set) => ({ all: [], set: (all) => set({ all }) }));

/** Whether a finding is about a place or something in it. */
export function isAt(finding: string, place: string): boolean {
  return finding === place || finding.startsWith(`${place}.`) || finding.startsWith(`${place}[`);
}

/** The rest of a finding's path in a place; null where it is about something else. */
export function within(finding: string, place: string): string | null {
  if (!isAt(finding, place)) return null;
  return finding.slice(place.length).replace(/^\./, '');
}
