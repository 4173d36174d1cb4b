/** Kept positions (`layout`). Empty: everything is laid out anew whenever it changes. */
import { bodyOf } from './bodies';
import type { Definition, Position } from './definition';
import type { Slot } from './edit';
import type { Kinds } from './kinds';
import { own } from './own';

const ROOM = 118;

/** Where blocks were kept by hand: what lies below a new step makes room for it. */
export function withRoom(
  before: Definition,
  after: Definition,
  slot: Slot,
  ids: string[],
  kinds: Kinds,
): Definition {
  if (before === after || Object.keys(before.layout).length === 0) return after;
  const from = own(before.layout, slot.from?.id ?? '@trigger');
  const to = own(before.layout, slot.to ?? '@output');
  if (!from) return after;
  const top = from.y + ROOM;
  const shift = to && to.y < top + ROOM * ids.length ? top + ROOM * ids.length - to.y : 0;
  const here = new Set(bodyOf(before, slot.holder, kinds)?.steps.map(({ id }) => id));
  if (slot.holder === null) here.add('@output');
  const layout: Record<string, Position> = {};
  for (const [id, at] of Object.entries(before.layout)) {
    const below = here.has(id) && to !== undefined && at.y >= to.y;
    layout[id] = below && shift > 0 ? { x: at.x, y: at.y + shift } : at;
  }
  for (const [index, id] of ids.entries())
    layout[id] = { x: to?.x === undefined || slot.to === null ? from.x : to.x, y: top + index * ROOM };
  return { ...after, layout };
}

export function withLayout(definition: Definition, layout: Record<string, Position>): Definition {
  return { ...definition, layout };
}
