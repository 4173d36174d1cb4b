import { describe, expect, it } from 'vitest';
import { idsOf } from '../document/bodies';
import { type Definition, newStep } from '../document/definition';
import { inserted, removed, renamed, slotAtEnd } from '../document/edit';
import { canonical } from '../testing/canonical';
import { chanceOf, definitionBy, KINDS, pick } from '../testing/generator';
import { createDraft } from './store';

const SEEDS = Array.from({ length: 100 }, (_, index) => index + 1);
const named = (name: string) => (definition: Definition) => ({ ...definition, name });

function typing(text: string) {
  let time = 0;
  const draft = createDraft(definitionBy(chanceOf(1)), () => time);
  const type = (value: string, ms: number) => {
    time += ms;
    draft.getState().edit('name', named(value), 'name');
  };
  for (let end = 1; end <= text.length; end++) type(text.slice(0, end), 100);
  return {
    draft,
    type,
    undo: () => draft.temporal.getState().undo(),
    redo: () => draft.temporal.getState().redo(),
  };
}

describe('undo and redo', () => {
  it.each(SEEDS)('%i: undoing everything gives the first, redoing everything the last', (seed) => {
    const chance = chanceOf(seed);
    const draft = createDraft(definitionBy(chance));
    const states = [canonical(draft.getState().definition)];
    for (let round = 0; round < 20; round++) {
      const now = draft.getState().definition;
      const ids = [...idsOf(now, KINDS)];
      const change = pick(chance, [
        () => inserted(now, slotAtEnd(now, null, KINDS), [newStep(`n${round}`, 'http', {})], KINDS),
        () => (ids.length > 0 ? removed(now, new Set([pick(chance, ids)]), KINDS) : now),
        () => (ids.length > 0 ? renamed(now, pick(chance, ids), `r${round}`, KINDS) : now),
        () => named(`name ${round}`)(now),
      ])();
      const before = draft.getState().definition;
      draft.getState().edit(`change ${round}`, () => change);
      if (draft.getState().definition !== before) states.push(canonical(change));
    }
    const { undo, redo } = draft.temporal.getState();
    for (let back = states.length - 2; back >= 0; back--) {
      undo();
      expect(canonical(draft.getState().definition)).toBe(states[back]);
    }
    undo();
    expect(canonical(draft.getState().definition)).toBe(states[0]);
    for (const state of states.slice(1)) {
      redo();
      expect(canonical(draft.getState().definition)).toBe(state);
    }
  });

  it('typing is one step', () => {
    const { draft, undo, redo } = typing('Hello');
    undo();
    expect(draft.getState().definition.name).toBe('Generated');
    redo();
    expect(draft.getState().definition.name).toBe('Hello');
  });

  it('a pause, or another change, begins another step', () => {
    const { draft, type, undo } = typing('Hello');
    type('Hello you', 5000);
    undo();
    expect(draft.getState().definition.name).toBe('Hello');
  });

  it('typing after an undo loses neither', () => {
    const { draft, type, undo } = typing('Hello');
    undo();
    type('Bye', 10);
    type('Bye!', 10);
    expect(draft.temporal.getState().futureStates).toEqual([]);
    undo();
    expect(draft.getState().definition.name).toBe('Generated');
  });

  it('what the server wrote out is not undone', () => {
    const { draft, undo } = typing('Hello');
    draft.getState().take({ ...draft.getState().definition, policy: { lane: 'cold' } });
    undo();
    expect(draft.getState().definition.name).toBe('Generated');
  });
});
