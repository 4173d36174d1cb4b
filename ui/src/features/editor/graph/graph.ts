/** The graph that a definition draws: blocks and the ways between them. Pure; positions come from `layout.ts`. */
import { bodiesOf } from '../document/bodies';
import type { Definition, Step } from '../document/definition';
import type { Slot } from '../document/edit';
import { containsOf, exitsOf, type Kinds } from '../document/kinds';
import { needOf } from '../document/needs';

export const TRIGGER = '@trigger';
export const OUTPUT = '@output';
const START = '@start:';
const END = '@end:';
/** Where an exit ends that nothing follows: beside what follows the others, so that its "+" has a place. */
const STUB = '@stub:';

export interface Block {
  id: string;
  kind: 'trigger' | 'step' | 'loop' | 'finish' | 'start' | 'end';
  /** The loop that it stands in. */
  holder: string | null;
  step: Step | null;
}

export interface Way {
  id: string;
  source: string;
  target: string;
  /** The exit that it begins at; "" for "ended well". */
  exit: string;
  slot: Slot;
}

export interface Graph {
  blocks: Block[];
  ways: Way[];
}

export function graphOf(definition: Definition, kinds: Kinds): Graph {
  const blocks: Block[] = [];
  const ways: Way[] = [];
  const known = new Set<string>();
  for (const { holder, steps } of bodiesOf(definition, kinds)) {
    const inside = holder?.id ?? null;
    if (inside !== null && !known.has(inside)) continue;
    const start = inside === null ? TRIGGER : START + inside;
    const end = inside === null ? OUTPUT : END + inside;
    const unique = steps.filter(({ id }) => !known.has(id) && known.add(id));
    blocks.push({ id: start, kind: inside === null ? 'trigger' : 'start', holder: inside, step: null });
    for (const step of unique) {
      const kind = containsOf(step, kinds) === null ? 'step' : 'loop';
      blocks.push({ id: step.id, kind, holder: inside, step });
    }
    blocks.push({ id: end, kind: inside === null ? 'finish' : 'end', holder: inside, step: null });
    const found = waysOf(unique, inside, start, end, kinds);
    for (const { target } of found)
      if (target.startsWith(STUB)) blocks.push({ id: target, kind: 'end', holder: inside, step: null });
    ways.push(...found);
  }
  return { blocks, ways };
}

function waysOf(steps: Step[], holder: string | null, start: string, end: string, kinds: Kinds): Way[] {
  const ways: Way[] = [];
  const here = new Set(steps.map(({ id }) => id));
  const used = new Map<string, Set<string>>();
  const way = (source: string, exit: string, target: string, slot: Slot) =>
    ways.push({ id: `${source}:${exit}>${target}`, source, target, exit, slot });
  for (const step of steps) {
    const needs = step.needs.map(needOf).filter(({ id }) => here.has(id) && id !== step.id);
    if (needs.length === 0) way(start, '', step.id, { holder, from: null, to: step.id });
    for (const from of needs) {
      way(from.id, from.exit, step.id, { holder, from, to: step.id });
      used.set(from.id, (used.get(from.id) ?? new Set()).add(from.exit));
    }
  }
  for (const step of steps) {
    const taken = used.get(step.id) ?? new Set();
    const exits = exitsOf(step, kinds);
    const open = exits.length > 0 && !taken.has('') ? exits.filter((exit) => !taken.has(exit)) : [];
    const goesOn = exits.length > 0 || taken.has('');
    for (const exit of goesOn ? open : ['']) {
      const target = exit ? `${STUB}${step.id}:${exit}` : end;
      way(step.id, exit, target, { holder, from: { id: step.id, exit }, to: null });
    }
  }
  if (steps.length === 0) way(start, '', end, { holder, from: null, to: null });
  return ways;
}
