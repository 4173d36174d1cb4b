import { describe, expect, it } from 'vitest';
import { place, TRIGGER } from './layout';
import { flat, outline } from './outline';
import { StepStates } from './states';

const ACTIONS = [
  { id: 'score', type: 'agent', config: {} },
  { id: 'good', type: 'branch', config: {} },
  { id: 'page', type: 'agent', needs: ['good:yes'], config: {} },
  {
    id: 'each',
    type: 'for_each',
    needs: ['page'],
    config: {
      steps: [
        { id: 'a', type: 'http' },
        { id: 'b', type: 'http' },
      ],
    },
  },
  { id: 'tell', type: 'slack', needs: ['each', 'good:no'], config: {} },
];

describe('a definition', () => {
  it('is read with what each step needs, and what is inside loops', () => {
    const steps = outline(ACTIONS);
    expect(steps[1]?.needs).toEqual(['score']);
    expect(flat(steps).map(({ id, loop }) => [id, loop])).toEqual([
      ['score', null],
      ['good', null],
      ['page', null],
      ['each', null],
      ['a', 'each'],
      ['b', 'each'],
      ['tell', null],
    ]); // prettier-ignore
    expect(outline('nothing')).toEqual([]);
  });

  it('is placed from top to bottom, loops around their steps', () => {
    const { nodes, lines } = place(outline(ACTIONS));
    const at = new Map(nodes.map((node) => [node.id, node]));
    const y = (id: string) => at.get(id)?.y ?? -1;
    expect(y(TRIGGER)).toBeLessThan(y('score'));
    expect(y('good')).toBeLessThan(y('page'));
    expect(at.get('b')?.parent).toBe('each');
    expect(y('a')).toBeLessThan(y('b'));
    expect((at.get('each')?.height ?? 0) > y('b')).toBe(true);
    expect(lines.find((line) => line.from === 'good' && line.to === 'tell')?.label).toBe('no');
    expect(lines).toHaveLength(7);
  });

  it('of a thousand steps is placed at once', () => {
    const many = Array.from({ length: 1000 }, (_, n) => ({ id: `s${n}`, type: 'transform' }));
    const { nodes } = place(outline(many));
    expect(nodes).toHaveLength(1001);
    expect(new Set(nodes.map(({ y }) => y)).size).toBe(1001);
  });
});

describe('the states of steps', () => {
  it('are told to those alone whose state changed', () => {
    const states = new StepStates();
    const told: string[] = [];
    states.subscribe('a', () => told.push('a'));
    states.subscribe('b', () => told.push('b'));
    states.put(
      new Map([
        ['a', { status: 'running' }],
        ['b', { status: 'success' }],
      ]),
    );
    states.put(
      new Map([
        ['a', { status: 'success' }],
        ['b', { status: 'success' }],
      ]),
    );
    expect(told).toEqual(['a', 'b', 'a']);
  });
});
