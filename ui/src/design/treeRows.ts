export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

export interface TreeRow {
  /** As templates write it: `body.items[2].id`. */
  path: string;
  name: string;
  depth: number;
  value: Json;
  /** How many values it holds; null of a plain value. */
  size: number | null;
  open: boolean;
}

const PLAIN = /^[A-Za-z_]\w*$/;
/** Of a list or object so many values are shown before somebody asks for more. */
export const PAGE = 200;

export function inside(path: string, name: string | number): string {
  if (typeof name === 'number') return `${path}[${name}]`;
  if (!PLAIN.test(name)) return `${path}[${JSON.stringify(name)}]`;
  return path ? `${path}.${name}` : name;
}

function isNested(value: Json): value is Json[] | { [name: string]: Json } {
  return typeof value === 'object' && value !== null;
}

export function sizeOf(value: Json): number | null {
  if (!isNested(value)) return null;
  return Array.isArray(value) ? value.length : Object.keys(value).length;
}

/** The rows of a tree in which the values at `open` are open; `shown` says of how many a long one shows the beginning. */
export function treeRows(
  root: Json,
  open: ReadonlySet<string>,
  shown: ReadonlyMap<string, number>,
): TreeRow[] {
  const rows: TreeRow[] = [];
  const add = (value: Json, name: string, path: string, depth: number) => {
    const size = sizeOf(value);
    const isOpen = size !== null && open.has(path);
    rows.push({ path, name, depth, value, size, open: isOpen });
    if (isOpen) walk(value, path, depth + 1);
  };
  const walk = (value: Json, path: string, depth: number) => {
    if (!isNested(value)) return;
    const most = shown.get(path) ?? PAGE;
    const names = Array.isArray(value)
      ? value.slice(0, most).map((_, at) => at)
      : Object.keys(value).slice(0, most);
    for (const name of names) {
      const each = Array.isArray(value) ? value[name as number] : value[name as string];
      add(each as Json, String(name), inside(path, name), depth);
    }
    const size = sizeOf(value) ?? 0;
    if (size > most) {
      rows.push({ path, name: MORE, depth, value: null, size: size - most, open: false });
    }
  };
  if (isNested(root)) walk(root, '', 0);
  else rows.push({ path: '', name: '', depth: 0, value: root, size: null, open: false });
  return rows;
}

/** Whether two rows are drawn the same: their values are the same ones. */
export function isSameRow(a: TreeRow, b: TreeRow): boolean {
  return (
    a.path === b.path &&
    a.name === b.name &&
    a.depth === b.depth &&
    a.open === b.open &&
    a.size === b.size &&
    Object.is(a.value, b.value)
  );
}

/** The name of the row that stands for what a long value has besides. */
export const MORE = '\u0000more';

/** The values that are open at first: the outer ones, unless they are long. */
export function firstOpen(root: Json): Set<string> {
  const open = new Set<string>();
  if (!isNested(root) || Array.isArray(root)) return open;
  for (const [name, value] of Object.entries(root).slice(0, 20)) {
    const size = sizeOf(value);
    if (size !== null && size <= 12) open.add(inside('', name));
  }
  return open;
}
