import { describe, expect, it } from 'vitest';
import { outline } from '~/features/graph/outline';
import type { StepRun } from './queries';
import { scaleOf, spansOf, stepRows } from './timeline';

const T = Date.parse('2026-11-20T09:00:00Z');
const iso = (ms: number) => new Date(T + ms).toISOString();
const step = (more: Partial<StepRun>) =>
  ({
    id: 'x',
    step_id: 'a',
    iteration: '',
    attempts: [],
    copied_from: null,
    attempt: 2,
    started_at: null,
    completed_at: null,
    ...more,
  }) as StepRun;

describe('the time axis', () => {
  it('tells attempts apart', () => {
    const attempts = [{ attempt: 1, started_at: iso(0), completed_at: iso(100) }];
    const spans = spansOf(step({ started_at: iso(0), completed_at: iso(500), attempts }), T);
    expect(spans.map(({ from, to, kind }) => [from - T, to - T, kind])).toEqual([
      [0, 100, 'attempt'],
      [100, 500, 'last'],
    ]);
  });

  it('lets a running step grow, and shows none that was taken over', () => {
    expect(spansOf(step({ started_at: iso(0) }), T + 700)[0]?.to).toBe(T + 700);
    expect(spansOf(step({ started_at: iso(0), completed_at: iso(5), copied_from: 'y' }), T)).toEqual([]);
  });

  it('makes a night small', () => {
    const day = 86_400_000;
    const scale = scaleOf([
      { from: 0, to: 100, kind: 'last' },
      { from: day, to: day + 100, kind: 'last' },
    ]);
    expect(scale.x(100)).toBeGreaterThan(0.4);
    expect(scale.breaks).toHaveLength(1);
    expect(scale.x(day + 100)).toBeCloseTo(1);
    expect(scaleOf([]).x(5)).toBe(0);
  });

  it('leaves short pauses as they were', () => {
    const scale = scaleOf([
      { from: 0, to: 100, kind: 'last' },
      { from: 200, to: 300, kind: 'last' },
    ]);
    expect(scale.x(200)).toBeCloseTo(2 / 3);
    expect(scale.breaks).toEqual([]);
  });
});

describe('the rows', () => {
  it('are the steps of the definition, items under their open loop', () => {
    const steps = outline([
      { id: 'a', type: 'http' },
      { id: 'each', type: 'for_each', config: { steps: [{ id: 'in', type: 'http' }] } },
    ]);
    const item = step({ id: 'i3', step_id: 'in', iteration: '3' });
    const rows = stepRows(steps, [step({})], (loop) =>
      loop === 'each' ? { items: [item], more: true } : null,
    );
    expect(rows.map(({ kind, key, depth }) => [kind, key, depth])).toEqual([
      ['step', 'a', 0],
      ['step', 'each', 0],
      ['item', 'i3', 1],
      ['more', 'each/more', 1],
    ]);
  });
});
