import { describe, expect, it } from 'vitest';
import { begunAt, completed, fitting, joined, pathsOf } from './completion';
import { partsFor } from './Preview';

describe('completion', () => {
  it('knows what is being written inside the braces, and nothing outside them', () => {
    expect(begunAt('a {{ trig', 9)).toEqual({ from: 5, to: 9, typed: 'trig', closed: false });
    expect(begunAt('{{ trig }}', 7)?.closed).toBe(true);
    expect(begunAt('{{ a }} b', 9)).toBeNull();
    expect(begunAt('plain', 3)).toBeNull();
  });

  it('puts the path in, closes the braces once, and puts the caret behind them', () => {
    const open = begunAt('{{tr', 4);
    expect(open && completed('{{tr', open, 'trigger.data')).toEqual({
      text: '{{ trigger.data }}',
      caret: 18,
    });
    const shut = begunAt('{{ tr }}!', 5);
    expect(shut && completed('{{ tr }}!', shut, 'trigger.data').text).toBe('{{ trigger.data }}!');
  });

  it('offers what begins so before what contains it', () => {
    const paths = ['trigger.data.name', 'steps.a.output.name', 'name_of', 'other'].map((path) => ({
      path,
      label: path,
    }));
    expect(fitting(paths, 'name').map(({ path }) => path)).toEqual([
      'name_of',
      'trigger.data.name',
      'steps.a.output.name',
    ]);
  });

  it('finds every value of a sample, with names that Jinja reads', () => {
    expect(pathsOf({ a: { 'x-y': 1, b: [2] } }).map(({ path }) => path)).toEqual([
      'a',
      'a["x-y"]',
      'a.b',
      'a.b.0',
    ]);
    expect(joined('steps', '0')).toBe('steps.0');
  });

  it('sends a preview only what the text names', () => {
    const sample = { trigger: { data: 1 }, steps: { a: 1, b: 2 }, previous: 3 };
    expect(partsFor('{{ steps.a.output }}', sample)).toEqual({ steps: { a: 1 } });
  });
});
