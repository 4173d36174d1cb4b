/** Who can be named in a message: what stands behind the @, and what is shown. */
export interface Handle {
  id: string;
  handle: string;
  name: string;
  isAgent: boolean;
}

interface Begun {
  /** Where the @ stands. */
  from: number;
  word: string;
}

const BEGUN = /(?:^|[\s(])@([\p{L}\p{N}_-]*)$/u;
const NAMED = /(^|[\s(])(@[\p{L}\p{N}_-]+)/gu;

/** The mention that is being typed where the caret stands. */
export function mentionAt(text: string, caret: number): Begun | null {
  const word = BEGUN.exec(text.slice(0, caret))?.[1];
  return word === undefined ? null : { from: caret - word.length - 1, word };
}

/** Those that fit what was typed, agents first. */
export function fitting(handles: Handle[], word: string): Handle[] {
  const sought = word.toLocaleLowerCase();
  return handles
    .filter((each) => `${each.handle} ${each.name}`.toLocaleLowerCase().includes(sought))
    .toSorted((a, b) => Number(b.isAgent) - Number(a.isAgent) || a.name.localeCompare(b.name))
    .slice(0, 8);
}

/** The text with the mention in it, and where the caret is then. */
export function completed(text: string, caret: number, handle: string): { text: string; caret: number } {
  const begun = mentionAt(text, caret);
  if (!begun) return { text, caret };
  const head = `${text.slice(0, begun.from)}@${handle} `;
  return { text: head + text.slice(caret).replace(/^ /, ''), caret: head.length };
}

/** A text as pieces; those that name somebody are marked. */
export function pieces(text: string): { text: string; named: boolean; at: number }[] {
  const found: { text: string; named: boolean; at: number }[] = [];
  let at = 0;
  for (const match of text.matchAll(NAMED)) {
    const begin = match.index + (match[1]?.length ?? 0);
    if (begin > at) found.push({ text: text.slice(at, begin), named: false, at });
    found.push({ text: match[2] ?? '', named: true, at: begin });
    at = begin + (match[2]?.length ?? 0);
  }
  if (at < text.length) found.push({ text: text.slice(at), named: false, at });
  return found;
}

/** What people without a slug are called behind an @. */
export function handleOf(name: string): string {
  return name.trim().replace(/[^\p{L}\p{N}_-]+/gu, '_');
}
