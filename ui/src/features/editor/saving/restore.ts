import { type Definition, definitionOf, same } from '../document/definition';
import type { Detail } from './autosave';
import type { Journal } from './journal';

export interface Restored {
  definition: Definition;
  /** The draft that the unsaved changes were made from is not the newest any more. */
  stale: boolean;
  /** The ETag to save with: that of the draft which the changes were made from. */
  etag: string;
}

/** The newest unsaved changes that a tab left behind; null where there are none. */
export function restored(detail: Detail, journal: Journal): Restored | null {
  const now = definitionOf(detail);
  for (const entry of journal.left()) {
    entry.forget();
    if (same(entry.definition, now)) continue;
    return { definition: entry.definition, stale: entry.etag !== detail.etag, etag: entry.etag };
  }
  return null;
}
