/** What is not saved yet, in this browser: a tab that is killed, or that is offline, loses nothing. */
import type { Definition } from '../document/definition';

export interface Entry {
  /** The ETag of the draft that it was made from. */
  etag: string;
  definition: Definition;
  at: number;
}

export interface Journal {
  write: (entry: Entry) => void;
  clear: () => void;
  /** What tabs left behind, the newest first, with how to forget it. */
  left: () => (Entry & { forget: () => void })[];
}

const PREFIX = 'vutler.unsaved.';
const MOST_LEFT = 20;

export function journalOf(automation: string, tab: string, storage: Storage = localStorage): Journal {
  const own = `${PREFIX}${automation}.${tab}`;
  return {
    write: (entry) => {
      const text = JSON.stringify(entry);
      try {
        storage.setItem(own, text);
      } catch {
        makeRoom(storage);
        try {
          storage.setItem(own, text);
        } catch {
          // The browser keeps nothing here (private window, full): the server has all but the last second.
        }
      }
    },
    clear: () => storage.removeItem(own),
    left: () =>
      Object.keys(storage)
        .filter((key) => key.startsWith(`${PREFIX}${automation}.`))
        .map((key) => ({ key, entry: read(storage.getItem(key)) }))
        .flatMap(({ key, entry }) => (entry ? [{ ...entry, forget: () => storage.removeItem(key) }] : []))
        .sort((one, other) => other.at - one.at)
        .slice(0, MOST_LEFT),
  };
}

function read(text: string | null): Entry | null {
  try {
    const entry = JSON.parse(text ?? '') as Entry;
    return typeof entry.etag === 'string' && Array.isArray(entry.definition.actions) ? entry : null;
  } catch {
    return null;
  }
}

/** The oldest half of what other automations left goes. */
function makeRoom(storage: Storage): void {
  const old = Object.keys(storage)
    .filter((key) => key.startsWith(PREFIX))
    .map((key) => ({ key, at: read(storage.getItem(key))?.at ?? 0 }))
    .sort((one, other) => one.at - other.at);
  for (const { key } of old.slice(0, Math.ceil(old.length / 2))) storage.removeItem(key);
}

/** A name for this tab, as long as the page lives. */
export function tabName(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(6)), (byte) => byte.toString(36)).join('');
}
