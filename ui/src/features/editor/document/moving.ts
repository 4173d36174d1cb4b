import { insideOf, placeOf } from './bodies';
import type { Definition } from './definition';
import { type Slot, slotAfter } from './edit';
import { exitsOf, type Kinds } from './kinds';
import { needOf } from './needs';

export type Direction = 'up' | 'down' | 'in' | 'out';

/** Where a step goes when it is moved one place up or down its path, into the loop before it, or out of its loop. */
export function slotTowards(
  definition: Definition,
  id: string,
  direction: Direction,
  kinds: Kinds,
): Slot | null {
  const place = placeOf(definition, id, kinds);
  if (!place) return null;
  const { step, body, index } = place;
  const holder = body.holder?.id ?? null;
  switch (direction) {
    case 'up': {
      const [first] = step.needs;
      const before = first === undefined ? null : placeOf(definition, needOf(first).id, kinds);
      if (!before) return null;
      const [need] = before.step.needs;
      return { holder, from: need === undefined ? null : needOf(need), to: before.step.id };
    }
    case 'down': {
      const next = body.steps.find(({ needs }) => needs.some((need) => needOf(need).id === id));
      const slot = next ? slotAfter(definition, next.id, kinds) : null;
      return slot?.to === id ? null : slot;
    }
    case 'in': {
      const loop = body.steps[index - 1];
      const inside = loop ? insideOf(loop, kinds) : null;
      if (!loop || !inside) return null;
      const last = inside.at(-1);
      return {
        holder: loop.id,
        from: last ? { id: last.id, exit: exitsOf(last, kinds)[0] ?? '' } : null,
        to: null,
      };
    }
    case 'out':
      return holder === null ? null : slotAfter(definition, holder, kinds);
  }
}
