/** Definitions by chance, the same for the same seed: chains, branches, merges, loops, error paths, odd values. */
import { type Definition, newStep, type Step } from '../document/definition';
import type { Kinds } from '../document/kinds';

export const KINDS: Kinds = new Map([
  ['transform', { contains: null, exits: [] }],
  ['http', { contains: null, exits: [] }],
  ['branch', { contains: null, exits: ['{cases[].name}', '{else}'] }],
  ['approval', { contains: null, exits: ['approved', 'rejected'] }],
  ['for_each', { contains: 'steps', exits: [] }],
]);

export type Chance = () => number;

/** Mulberry32. */
export function chanceOf(seed: number): Chance {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

export function pick<T>(chance: Chance, from: readonly T[]): T {
  return from[Math.floor(chance() * from.length)] as T;
}

const VALUES: unknown[] = [
  null,
  true,
  0,
  -1.5,
  '',
  'é "quoted" \\ \n',
  '{{ trigger.data.x }}',
  [],
  [1, ['a']],
  { a: {} },
];

export function definitionBy(chance: Chance): Definition {
  let number = 0;
  const name = () => {
    number += 1;
    return `s${number}`;
  };
  const steps = (deep: number, known: string[]): Step[] => {
    const list: Step[] = [];
    const count = 1 + Math.floor(chance() * 5);
    for (let index = 0; index < count; index++) {
      const type = pick(chance, [
        'transform',
        'http',
        'branch',
        'approval',
        ...(deep < 2 ? ['for_each'] : []),
      ]);
      const step = newStep(name(), type, {
        value: pick(chance, VALUES),
        unknown_field: pick(chance, VALUES),
      });
      step.needs = list
        .filter(() => chance() < 0.4)
        .map(
          (before) =>
            before.id +
            pick(chance, before.type === 'branch' ? ['', ':yes', ':no', ':error'] : ['', '', ':error']),
        );
      step.join = step.needs.length > 1 ? pick(chance, ['all', 'any']) : 'all';
      if (chance() < 0.1) step.later_field = pick(chance, VALUES);
      const readable = [...known, ...list.map(({ id }) => id)];
      if (readable.length > 0) step.config.text = `a {{ steps.${pick(chance, readable)}.output }} b`;
      if (type === 'branch') Object.assign(step.config, { cases: [{ name: 'yes', when: true }], else: 'no' });
      if (type === 'for_each') step.config.steps = steps(deep + 1, readable);
      list.push(step);
    }
    return list;
  };
  const actions = steps(0, []);
  return {
    name: 'Generated',
    description: chance() < 0.5 ? null : 'By chance',
    trigger_type: pick(chance, ['webhook', 'cron', null]),
    trigger_config: { odd: pick(chance, VALUES) },
    actions,
    policy: { lane: 'warm' },
    layout: chance() < 0.3 ? { [actions[0]?.id ?? 's1']: { x: 10, y: 20 } } : {},
  };
}
