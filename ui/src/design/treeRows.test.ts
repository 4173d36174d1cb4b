import { describe, expect, it } from 'vitest';
import { firstOpen, inside, MORE, PAGE, treeRows } from './treeRows';

const names = (rows: ReturnType<typeof treeRows>) =>
  rows.map(({ path, name }) => (name === MORE ? MORE : path));

describe('the rows of a tree', () => {
  it('are those of what is open', () => {
    const value = { a: { b: [1, 2] }, c: 'x' };
    expect(names(treeRows(value, new Set(), new Map()))).toEqual(['a', 'c']);
    expect(names(treeRows(value, new Set(['a', 'a.b']), new Map()))).toEqual([
      'a',
      'a.b',
      'a.b[0]',
      'a.b[1]',
      'c',
    ]);
  });

  it('show the beginning of a long list, and how many more there are', () => {
    const value = { list: Array.from({ length: PAGE + 5 }, (_, at) => at) };
    const rows = treeRows(value, new Set(['list']), new Map());
    expect(rows).toHaveLength(1 + PAGE + 1);
    expect(rows.at(-1)).toMatchObject({ name: MORE, size: 5, path: 'list' });
    expect(treeRows(value, new Set(['list']), new Map([['list', PAGE * 2]]))).toHaveLength(1 + PAGE + 5);
  });

  it('name places as templates do', () => {
    expect(inside('body', 'x-y')).toBe('body["x-y"]');
    expect(inside(inside('', 'items'), 2)).toBe('items[2]');
  });

  it('have one for a plain value, and open what is short at first', () => {
    expect(treeRows('text', new Set(), new Map())).toHaveLength(1);
    expect(firstOpen({ a: { b: 1 }, long: Array.from({ length: 50 }, () => 0) })).toEqual(new Set(['a']));
  });
});
