import { isObject } from './schema';

/** Text that is filled in when the step runs. */
export function isTemplate(value: unknown): value is string {
  return typeof value === 'string' && (value.includes('{{') || value.includes('{%'));
}

/** One key changed; undefined leaves it out. The others keep their values and their order. */
export function withKey(value: Record<string, unknown>, key: string, next: unknown): Record<string, unknown> {
  if (next === undefined) {
    const { [key]: _gone, ...rest } = value;
    return rest;
  }
  return { ...value, [key]: next };
}

/** A key under another name, in its place. */
export function withName(value: Record<string, unknown>, from: string, to: string): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key === from ? to : key, each]));
}

export function withItem(items: unknown[], index: number, next: unknown): unknown[] {
  return items.map((each, at) => (at === index ? next : each));
}

export function without(items: unknown[], index: number): unknown[] {
  return items.filter((_each, at) => at !== index);
}

export function moved(items: unknown[], from: number, to: number): unknown[] {
  if (to < 0 || to >= items.length) return items;
  const next = [...items];
  next.splice(to, 0, ...next.splice(from, 1));
  return next;
}

/** `headers`, `headers[0]`, `headers[0].name`: places as the API writes them. */
export function placeOf(at: string, part: string | number): string {
  if (typeof part === 'number') return `${at}[${part}]`;
  return at ? `${at}.${part}` : part;
}

export function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || value === '';
}

/** The kind of a value, as a person calls it. */
export type Kind = 'text' | 'number' | 'toggle' | 'list' | 'fields' | 'empty';

export function kindOf(value: unknown): Kind {
  if (value === null || value === undefined) return 'empty';
  if (typeof value === 'string') return 'text';
  if (typeof value === 'number') return 'number';
  if (typeof value === 'boolean') return 'toggle';
  return isObject(value) ? 'fields' : 'list';
}
