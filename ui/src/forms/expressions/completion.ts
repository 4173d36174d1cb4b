import type { Suggestion } from '../context';

/** What is being written at the caret: the name inside `{{ }}` that has been begun. */
export interface Begun {
  /** Where the name begins and ends in the text. */
  from: number;
  to: number;
  typed: string;
  /** `}}` stands behind it already. */
  closed: boolean;
}

const NAME = /[\w.[\]'"-]*$/;
const MOST = 40;

export function begunAt(text: string, caret: number): Begun | null {
  const before = text.slice(0, caret);
  const open = before.lastIndexOf('{{');
  if (open < 0 || before.lastIndexOf('}}') > open) return null;
  const typed = NAME.exec(before.slice(open + 2))?.[0] ?? '';
  const rest = text.slice(caret);
  const close = rest.indexOf('}}');
  const next = rest.indexOf('{{');
  return {
    from: caret - typed.length,
    to: caret,
    typed,
    closed: close >= 0 && (next < 0 || close < next),
  };
}

/** The values whose path or name fits what is typed: those that begin so stand first, short ones before long ones. */
export function fitting(paths: Suggestion[], typed: string): Suggestion[] {
  const wanted = typed.toLowerCase();
  const rank = ({ path, label }: Suggestion) => {
    const name = path.toLowerCase();
    if (name.startsWith(wanted)) return 0;
    if (name.split('.').some((part) => part.startsWith(wanted))) return 1;
    return name.includes(wanted) || label.toLowerCase().includes(wanted) ? 2 : 3;
  };
  return paths
    .map((each) => ({ each, rank: rank(each) }))
    .filter(({ rank: found, each }) => found < 3 && each.path !== typed)
    .sort(
      (a, b) =>
        a.rank - b.rank || a.each.path.length - b.each.path.length || a.each.path.localeCompare(b.each.path),
    )
    .slice(0, MOST)
    .map(({ each }) => each);
}

/** The text with the path in its place, and where the caret then stands. */
export function completed(text: string, begun: Begun, path: string): { text: string; caret: number } {
  const space = text.slice(0, begun.from).endsWith('{{') ? ' ' : '';
  const tail = begun.closed ? '' : ' }}';
  const next = text.slice(0, begun.from) + space + path + tail + text.slice(begun.to);
  return { text: next, caret: begun.from + space.length + path.length + tail.length };
}

/** Every value of a sample with its path, as completion offers them. */
export function pathsOf(sample: unknown, most = 400): Suggestion[] {
  const found: Suggestion[] = [];
  const todo: { path: string; value: unknown }[] = [{ path: '', value: sample }];
  while (todo.length > 0 && found.length < most) {
    const { path, value } = todo.shift() as { path: string; value: unknown };
    if (path) found.push({ path, label: path.split('.').at(-1) ?? path, example: value });
    if (typeof value !== 'object' || value === null) continue;
    const entries = Array.isArray(value)
      ? value.slice(0, 3).map((each, at) => [String(at), each])
      : Object.entries(value);
    for (const [key, each] of entries) todo.push({ path: joined(path, String(key)), value: each });
  }
  return found;
}

/** A key behind a path: by a dot where Jinja reads it so, else in brackets. */
export function joined(path: string, key: string): string {
  if (!path) return key;
  return /^(?:[A-Za-z_]\w*|\d+)$/.test(key) ? `${path}.${key}` : `${path}[${JSON.stringify(key)}]`;
}

/** A value in a few words. */
export function brief(value: unknown, most = 60): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}
