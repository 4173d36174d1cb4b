import { describe, expect, it } from 'vitest';
import { canonical } from '../testing/canonical';
import { chanceOf, definitionBy, KINDS, pick } from '../testing/generator';
import { idsOf, placeOf, placesOf } from './bodies';
import { stepsFrom, stepsOf, stepsText } from './clipboard';
import { type Definition, newStep, type Step, same } from './definition';
import {
  configured,
  connected,
  copied,
  disconnected,
  inserted,
  moved,
  removed,
  renamed,
  slotAfter,
  slotAtEnd,
} from './edit';
import { needOf, upstream } from './needs';

const SEEDS = Array.from({ length: 200 }, (_, index) => index + 1);

function made(
  ...steps: [id: string, needs: string[], config?: Record<string, unknown>, type?: string][]
): Definition {
  return {
    name: 'x',
    description: null,
    trigger_type: 'webhook',
    trigger_config: {},
    actions: steps.map(([id, needs, config = {}, type = 'transform']) => ({
      ...newStep(id, type, config),
      needs,
    })),
    policy: {},
    layout: {},
  };
}

const needs = ({ actions }: Definition) => Object.fromEntries(actions.map((step) => [step.id, step.needs]));
const step = (id: string, type = 'transform', config = {}): Step => newStep(id, type, config);
const BRANCH = { cases: [{ name: 'yes', when: true }], else: 'no' };

/** Every need names a step of the same list, no step comes before itself, ids are unique. */
function sound(definition: Definition): void {
  const ids = Array.from(placesOf(definition, KINDS), (place) => place.step.id);
  expect(new Set(ids).size).toBe(ids.length);
  for (const { step: each, body } of placesOf(definition, KINDS)) {
    for (const need of each.needs) expect(body.steps.some(({ id }) => id === needOf(need).id)).toBe(true);
    expect(upstream(body.steps, each.id).has(each.id)).toBe(false);
  }
}

describe('inserting', () => {
  it('between two steps', () => {
    const before = made(['a', []], ['b', ['a']], ['c', ['b']]);
    const after = inserted(
      before,
      { holder: null, from: { id: 'a', exit: '' }, to: 'b' },
      [step('n')],
      KINDS,
    );
    expect(after.actions.map(({ id }) => id)).toEqual(['a', 'n', 'b', 'c']);
    expect(needs(after)).toEqual({ a: [], n: ['a'], b: ['n'], c: ['b'] });
  });

  it('before the first, and a branch goes on along its first exit', () => {
    const before = made(['a', []]);
    const branch = step('branch', 'branch', BRANCH);
    const after = inserted(before, { holder: null, from: null, to: 'a' }, [branch], KINDS);
    expect(needs(after)).toEqual({ branch: [], a: ['branch:yes'] });
  });

  it('behind an exit, into a loop, and beside another path', () => {
    let now = made(['b', [], BRANCH, 'branch'], ['loop', ['b:yes'], { items: [], steps: [] }, 'for_each']);
    now = inserted(now, { holder: null, from: { id: 'b', exit: 'no' }, to: null }, [step('n')], KINDS);
    now = inserted(now, { holder: 'loop', from: null, to: null }, [step('in')], KINDS);
    expect(needs(now)).toEqual({ b: [], loop: ['b:yes'], n: ['b:no'] });
    expect(placeOf(now, 'in', KINDS)?.at).toBe('actions[1].config.steps[0]');
  });

  it('keeps references by position on the steps that they meant', () => {
    const before = made(['a', []], ['b', ['a'], { value: '{{ steps.0.output }} steps.0' }]);
    const after = inserted(before, { holder: null, from: null, to: 'a' }, [step('n')], KINDS);
    expect(placeOf(after, 'b', KINDS)?.step.config.value).toBe('{{ steps.1.output }} steps.0');
  });
});

describe('deleting', () => {
  it('heals the way, and takes along what only a failure led to', () => {
    const before = made(['a', []], ['b', ['a']], ['c', ['b']], ['e', ['b:error']], ['f', ['e']]);
    expect(needs(removed(before, new Set(['b']), KINDS))).toEqual({ a: [], c: ['a'] });
  });

  it('several at once, and steps inside loops', () => {
    const loop = { items: [], steps: [step('x'), { ...step('y'), needs: ['x'] }] };
    const before = made(['a', []], ['b', ['a']], ['loop', ['b'], loop, 'for_each']);
    const after = removed(before, new Set(['b', 'x']), KINDS);
    expect(needs(after)).toEqual({ a: [], loop: ['a'] });
    expect(placeOf(after, 'y', KINDS)?.step.needs).toEqual([]);
  });
});

describe('connecting', () => {
  it('two parallel paths that merge wait for both', () => {
    const before = made(['a', []], ['b', ['a']], ['c', ['a']], ['d', ['b']]);
    const after = connected(before, { id: 'c', exit: '' }, 'd', KINDS);
    expect(placeOf(after, 'd', KINDS)?.step).toMatchObject({ needs: ['b', 'c'], join: 'all' });
    expect(needs(disconnected(after, { id: 'c', exit: '' }, 'd', KINDS)).d).toEqual(['b']);
  });

  it('two paths of a branch that merge go on with the one that was taken', () => {
    const before = made(['br', [], BRANCH, 'branch'], ['b', ['br:yes']], ['c', ['br:no']], ['d', ['b']]);
    const after = connected(before, { id: 'c', exit: '' }, 'd', KINDS);
    expect(placeOf(after, 'd', KINDS)?.step).toMatchObject({ needs: ['b', 'c'], join: 'any' });
  });

  it('refuses circles and ways into loops', () => {
    const before = made(['a', []], ['b', ['a']], ['l', ['b'], { steps: [step('in')] }, 'for_each']);
    expect(connected(before, { id: 'b', exit: '' }, 'a', KINDS)).toBe(before);
    expect(connected(before, { id: 'a', exit: '' }, 'in', KINDS)).toBe(before);
  });
});

describe('renaming', () => {
  it('follows needs, templates, inner steps and the layout', () => {
    const text =
      "{{ steps.a.output.x }} {{ steps['a'].status }} {% if steps.a %}{{ trigger.steps.a }} 'steps.a'{% endif %} steps.a";
    const before = made(
      ['a', []],
      ['b', ['a:error'], { text }],
      ['l', ['a'], { steps: [step('in', 'http', { u: '{{ steps.a }}' })] }, 'for_each'],
    );
    before.layout = { a: { x: 1, y: 2 } };
    const after = renamed(before, 'a', 'first', KINDS);
    expect(needs(after)).toEqual({ first: [], b: ['first:error'], l: ['first'] });
    expect(placeOf(after, 'b', KINDS)?.step.config.text).toBe(
      "{{ steps.first.output.x }} {{ steps['first'].status }} {% if steps.first %}{{ trigger.steps.a }} 'steps.a'{% endif %} steps.a",
    );
    expect(placeOf(after, 'in', KINDS)?.step.config.u).toBe('{{ steps.first }}');
    expect(after.layout).toEqual({ first: { x: 1, y: 2 } });
    expect(same(renamed(after, 'first', 'a', KINDS), before)).toBe(true);
  });

  it('refuses what is taken and what is no id', () => {
    const before = made(['a', []], ['b', []]);
    for (const id of ['b', 'A', '1a', '', 'a-b']) expect(renamed(before, 'a', id, KINDS)).toBe(before);
  });

  it('an exit is renamed where it is needed', () => {
    const before = made(['br', [], BRANCH, 'branch'], ['b', ['br:yes']]);
    const after = configured(before, 'br', { ...BRANCH, cases: [{ name: 'good', when: true }] }, KINDS);
    expect(needs(after).b).toEqual(['br:good']);
  });
});

describe('200 definitions by chance', () => {
  it.each(SEEDS)(
    '%i: pasting a copy of everything gives new ids and keeps what is inside together',
    (seed) => {
      const chance = chanceOf(seed);
      const definition = definitionBy(chance);
      const copies = copied(definition, definition.actions, KINDS);
      const taken = idsOf(definition, KINDS);
      const own = new Set(
        Array.from(placesOf({ ...definition, actions: copies }, KINDS), ({ step: each }) => each.id),
      );
      for (const id of own) expect(taken.has(id)).toBe(false);
      for (const { step: each } of placesOf({ ...definition, actions: copies }, KINDS)) {
        for (const name of JSON.stringify(each.config).matchAll(/steps\.(\w+)\.output/g))
          expect(own.has(name[1] ?? '')).toBe(true);
      }
      const after = inserted(definition, slotAtEnd(definition, null, KINDS), copies, KINDS);
      sound(after);
      expect(idsOf(after, KINDS).size).toBe(2 * taken.size);
      expect(
        same(removed(after, new Set(copies.map(({ id }) => id)), KINDS).actions, definition.actions),
      ).toBe(true);
    },
  );

  it.each(SEEDS)('%i: any changes leave it sound, and what was not changed as it was', (seed) => {
    const chance = chanceOf(seed * 7919);
    let now = definitionBy(chance);
    const text = canonical(now);
    expect(canonical(stepsOf(stepsText(now.actions), KINDS))).toBe(canonical(now.actions));
    expect(stepsFrom(JSON.parse(JSON.stringify(now.actions)), KINDS)).toEqual(now.actions);
    for (let round = 0; round < 12; round++) {
      const ids = [...idsOf(now, KINDS)];
      if (ids.length === 0) break;
      const one = pick(chance, ids);
      const other = pick(chance, ids);
      const fresh = step(`n${seed}_${round}`);
      const slot = slotAfter(now, one, KINDS);
      now = pick(chance, [
        () => (slot ? inserted(now, slot, [fresh], KINDS) : now),
        () => removed(now, new Set([one]), KINDS),
        () => connected(now, { id: one, exit: '' }, other, KINDS),
        () => renamed(now, one, `r${seed}_${round}`, KINDS),
        () => {
          const target = slotAfter(now, other, KINDS);
          return target ? moved(now, one, target, KINDS) : now;
        },
      ])();
      sound(now);
    }
    expect(canonical(definitionBy(chanceOf(seed * 7919)))).toBe(text);
  });
});
