/** What people do to a definition, as pure functions. Each gives the same object back where nothing changed. */
import { bodyOf, idsOf, insideOf, mapBodies, mappedSteps, mapSteps, placeOf, withInside } from './bodies';
import { type Definition, STEP_ID, type Step } from './definition';
import { freeId } from './ids';
import { exitsOf, type Kinds } from './kinds';
import { downstream, exclusive, type Need, needOf, needText, upstream } from './needs';
import { repositioned } from './order';
import { own } from './own';
import { renamedValue } from './references';

/** A place between steps: behind `from` (null: at the start), before `to` (null: at the end of its path). */
export interface Slot {
  holder: string | null;
  from: Need | null;
  to: string | null;
}

function inBody(
  definition: Definition,
  holder: string | null,
  kinds: Kinds,
  change: (steps: Step[]) => Step[],
) {
  const changed = mapBodies(definition, kinds, (steps, each) => (each === holder ? change(steps) : steps));
  return repositioned(definition, changed);
}

/** Put steps into a slot: their first ones need what is before it, what is behind it needs their last ones. */
export function inserted(definition: Definition, slot: Slot, steps: Step[], kinds: Kinds): Definition {
  if (steps.length === 0) return definition;
  const own = new Set(steps.map(({ id }) => id));
  const inside = steps.map((step) => ({
    ...step,
    needs: step.needs.filter((need) => own.has(needOf(need).id)),
  }));
  const begun = inside.map((step) =>
    step.needs.length > 0 ? step : { ...step, needs: slot.from ? [needText(slot.from)] : [] },
  );
  const needed = new Set(inside.flatMap((step) => step.needs.map((need) => needOf(need).id)));
  const last = begun.filter(({ id }) => !needed.has(id)).map((step) => exitOf(step, kinds));
  return inBody(definition, slot.holder, kinds, (all) => {
    const before = slot.from ? needText(slot.from) : null;
    const rewired = mappedSteps(all, (step) => {
      if (step.id !== slot.to) return step;
      if (before === null) return { ...step, needs: last };
      return { ...step, needs: step.needs.flatMap((need) => (need === before ? last : [need])) };
    });
    return spliced(rewired, begun, slot);
  });
}

/** How a path goes on behind a step: of a branch along its first exit. */
function exitOf(step: Step, kinds: Kinds): string {
  return needText({ id: step.id, exit: exitsOf(step, kinds)[0] ?? '' });
}

function spliced(all: Step[], steps: Step[], slot: Slot): Step[] {
  const behind = slot.from ? all.findIndex(({ id }) => id === slot.from?.id) + 1 : 0;
  const before = slot.to === null ? -1 : all.findIndex(({ id }) => id === slot.to);
  const at = slot.to === null && slot.from ? lastOf(all, slot.from.id) : Math.max(before, behind);
  return [...all.slice(0, at), ...steps, ...all.slice(at)];
}

/** Behind a step and everything that follows from it. */
function lastOf(all: Step[], id: string): number {
  const behind = downstream(all, id);
  return all.reduce((last, step, index) => (step.id === id || behind.has(step.id) ? index + 1 : last), 0);
}

/** Take steps away: what needed them needs what they needed. Steps that only their failure led to go with them. */
export function removed(definition: Definition, ids: ReadonlySet<string>, kinds: Kinds): Definition {
  const changed = mapBodies(definition, kinds, (steps) => withoutSteps(steps, ids));
  if (changed === definition) return definition;
  const left = idsOf(changed, kinds);
  const layout = Object.fromEntries(
    Object.entries(definition.layout).filter(([id]) => left.has(id) || id.startsWith('@')),
  );
  return repositioned(definition, { ...changed, layout });
}

function withoutSteps(steps: Step[], ids: ReadonlySet<string>): Step[] {
  if (!steps.some(({ id }) => ids.has(id))) return steps;
  const gone = new Set(steps.filter(({ id }) => ids.has(id)).map(({ id }) => id));
  for (let before = -1; before !== gone.size; ) {
    before = gone.size;
    for (const { id, needs } of steps) {
      const last = needs.map(needOf);
      const fails = (need: Need) => gone.has(need.id) && (need.exit === 'error' || !ids.has(need.id));
      if (!gone.has(id) && last.length > 0 && last.every(fails)) gone.add(id);
    }
  }
  const byId = new Map(steps.map((step) => [step.id, step]));
  const healed = (needs: string[], seen: ReadonlySet<string>): string[] =>
    needs.flatMap((text) => {
      const need = needOf(text);
      if (!gone.has(need.id)) return [text];
      if (need.exit === 'error' || !ids.has(need.id) || seen.has(need.id)) return [];
      return healed(byId.get(need.id)?.needs ?? [], new Set([...seen, need.id]));
    });
  return steps
    .filter(({ id }) => !gone.has(id))
    .map((step) =>
      step.needs.some((need) => gone.has(needOf(need).id))
        ? { ...step, needs: [...new Set(healed(step.needs, new Set()))] }
        : step,
    );
}

/** Let `to` need `from`; unchanged where that would be a circle or another list of steps. */
export function connected(definition: Definition, from: Need, to: string, kinds: Kinds): Definition {
  const target = placeOf(definition, to, kinds);
  const source = placeOf(definition, from.id, kinds);
  if (!target || !source || target.body.at !== source.body.at || from.id === to) return definition;
  const need = needText(from);
  const steps = target.body.steps;
  if (target.step.needs.includes(need) || upstream(steps, from.id).has(to)) return definition;
  const needs = [...target.step.needs, need];
  const join = exclusive(steps, needs, kinds) ? 'any' : target.step.join;
  return mapSteps(definition, kinds, (step) => (step === target.step ? { ...step, needs, join } : step));
}

export function disconnected(definition: Definition, from: Need, to: string, kinds: Kinds): Definition {
  const need = needText(from);
  return mapSteps(definition, kinds, (step) => {
    if (step.id !== to || !step.needs.includes(need)) return step;
    const needs = step.needs.filter((each) => each !== need);
    return { ...step, needs, join: needs.length > 1 ? step.join : 'all' };
  });
}

/** Another id for a step, wherever it is named: needs, templates, layout. Unchanged where it can't be. */
export function renamed(definition: Definition, old: string, id: string, kinds: Kinds): Definition {
  const taken = idsOf(definition, kinds);
  if (old === id || !taken.has(old) || taken.has(id) || !STEP_ID.test(id)) return definition;
  const rename = (name: string) => (name === old ? id : name);
  const actions = renamedSteps(definition.actions, rename, kinds);
  const layout = Object.fromEntries(
    Object.entries(definition.layout).map(([name, position]) => [rename(name), position]),
  );
  return { ...definition, actions, layout };
}

function renamedSteps(steps: Step[], rename: (name: string) => string, kinds: Kinds): Step[] {
  return steps.map((step) => {
    const inside = insideOf(step, kinds);
    const own = inside && inside.length > 0 ? withInside(step, [], kinds) : step;
    const config = renamedValue(own.config, rename);
    const needs = step.needs.map((text) => {
      const need = needOf(text);
      return needText({ ...need, id: rename(need.id) });
    });
    const next = { ...own, id: rename(step.id), needs, config };
    return inside && inside.length > 0 ? withInside(next, renamedSteps(inside, rename, kinds), kinds) : next;
  });
}

/** Steps for another place: with ids that are free there, and references among themselves kept. */
export function copied(definition: Definition, steps: Step[], kinds: Kinds): Step[] {
  const taken = idsOf(definition, kinds);
  const names = new Map<string, string>();
  const note = (each: Step) => {
    const id = freeId(each.id, taken);
    taken.add(id);
    names.set(each.id, id);
    for (const inner of insideOf(each, kinds) ?? []) note(inner);
  };
  steps.forEach(note);
  return renamedSteps(structuredClone(steps), (name) => names.get(name) ?? name, kinds);
}

/** A step put into another slot of any list; unchanged where it would stand inside itself. */
export function moved(definition: Definition, id: string, slot: Slot, kinds: Kinds): Definition {
  const place = placeOf(definition, id, kinds);
  if (!place || slot.from?.id === id || slot.to === id) return definition;
  for (let holder = slot.holder; holder !== null; ) {
    if (holder === id) return definition;
    holder = placeOf(definition, holder, kinds)?.body.holder?.id ?? null;
  }
  const position = own(definition.layout, id);
  const without = mapBodies(definition, kinds, (steps) => withoutSteps(steps, new Set([id])));
  if (slot.from && !placeOf(without, slot.from.id, kinds)) return definition;
  if (slot.to && !placeOf(without, slot.to, kinds)) return definition;
  const after = inserted(without, slot, [place.step], kinds);
  return repositioned(definition, position ? { ...after, layout: definition.layout } : after);
}

/** The slot behind a step: before what follows it, or at the end of its path. */
export function slotAfter(definition: Definition, id: string, kinds: Kinds): Slot | null {
  const place = placeOf(definition, id, kinds);
  if (!place) return null;
  const exit = exitsOf(place.step, kinds)[0] ?? '';
  const from = { id, exit };
  const followers = place.body.steps.filter((step) => step.needs.includes(needText(from)));
  const holder = place.body.holder?.id ?? null;
  return { holder, from, to: followers.length === 1 ? (followers[0]?.id ?? null) : null };
}

/** The slot at the end of a list of steps: behind its last one. */
export function slotAtEnd(definition: Definition, holder: string | null, kinds: Kinds): Slot {
  const steps = bodyOf(definition, holder, kinds)?.steps ?? [];
  const last = steps.at(-1);
  return { holder, from: last ? { id: last.id, exit: exitsOf(last, kinds)[0] ?? '' } : null, to: null };
}

export function stepChanged(
  definition: Definition,
  id: string,
  change: (step: Step) => Step,
  kinds: Kinds,
): Definition {
  return mapSteps(definition, kinds, (step) => (step.id === id ? change(step) : step));
}

/** Another config. An exit that was renamed is renamed where it is needed, so that its way does not come loose. */
export function configured(
  definition: Definition,
  id: string,
  config: Record<string, unknown>,
  kinds: Kinds,
): Definition {
  const place = placeOf(definition, id, kinds);
  if (!place) return definition;
  const before = exitsOf(place.step, kinds);
  const after = exitsOf({ ...place.step, config }, kinds);
  const gone = before.filter((exit) => !after.includes(exit));
  const come = after.filter((exit) => !before.includes(exit));
  const swap = before.length === after.length && gone.length === 1 && come.length === 1;
  return mapSteps(definition, kinds, (step) => {
    if (step.id === id) return { ...step, config };
    const old = `${id}:${gone[0]}`;
    if (!swap || !step.needs.includes(old)) return step;
    return { ...step, needs: step.needs.map((need) => (need === old ? `${id}:${come[0]}` : need)) };
  });
}
