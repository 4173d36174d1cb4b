import type { Definition, Step } from './definition';
import { containsOf, type Kinds } from './kinds';

/** A list of steps: the automation's own, or what one of its steps contains. */
export interface Body {
  /** Its place in the document: `actions`, `actions[2].config.steps`. */
  at: string;
  holder: Step | null;
  steps: Step[];
}

/** Where a step stands. */
export interface Place {
  step: Step;
  index: number;
  body: Body;
  /** `actions[2].config.steps[0]` */
  at: string;
}

export function insideOf(step: Step, kinds: Kinds): Step[] | null {
  const field = containsOf(step, kinds);
  if (field === null) return null;
  const inside = step.config[field];
  return Array.isArray(inside) ? (inside as Step[]) : [];
}

export function withInside(step: Step, inside: Step[], kinds: Kinds): Step {
  const field = containsOf(step, kinds);
  return field === null ? step : { ...step, config: { ...step.config, [field]: inside } };
}

/** Every list of steps, each behind the one that it stands in. */
export function bodiesOf(definition: Definition, kinds: Kinds): Body[] {
  const found: Body[] = [{ at: 'actions', holder: null, steps: definition.actions }];
  for (const body of found) {
    body.steps.forEach((step, index) => {
      const field = containsOf(step, kinds);
      const inside = insideOf(step, kinds);
      if (field !== null && inside !== null)
        found.push({ at: `${body.at}[${index}].config.${field}`, holder: step, steps: inside });
    });
  }
  return found;
}

/** Every step, inner ones behind the step that holds them, in the order of the document. */
export function* placesOf(definition: Definition, kinds: Kinds): Generator<Place> {
  yield* inBody({ at: 'actions', holder: null, steps: definition.actions }, kinds);
}

function* inBody(body: Body, kinds: Kinds): Generator<Place> {
  for (const [index, step] of body.steps.entries()) {
    const at = `${body.at}[${index}]`;
    yield { step, index, body, at };
    const field = containsOf(step, kinds);
    const inside = insideOf(step, kinds);
    if (field !== null && inside !== null)
      yield* inBody({ at: `${at}.config.${field}`, holder: step, steps: inside }, kinds);
  }
}

const indexes = new WeakMap<Definition, WeakMap<Kinds, Map<string, Place>>>();

/** Where a step stands; of two with the same id the first. Looked up once for each definition. */
export function placeOf(definition: Definition, id: string, kinds: Kinds): Place | null {
  const byKinds = indexes.get(definition) ?? new WeakMap<Kinds, Map<string, Place>>();
  indexes.set(definition, byKinds);
  let index = byKinds.get(kinds);
  if (!index) {
    index = new Map();
    for (const place of placesOf(definition, kinds))
      if (!index.has(place.step.id)) index.set(place.step.id, place);
    byKinds.set(kinds, index);
  }
  return index.get(id) ?? null;
}

export function bodyOf(definition: Definition, holder: string | null, kinds: Kinds): Body | null {
  return bodiesOf(definition, kinds).find((body) => (body.holder?.id ?? null) === holder) ?? null;
}

export function idsOf(definition: Definition, kinds: Kinds): Set<string> {
  return new Set(Array.from(placesOf(definition, kinds), ({ step }) => step.id));
}

/** Every list of steps changed by `change`, the inner ones first; what is not changed stays the same object. */
export function mapBodies(
  definition: Definition,
  kinds: Kinds,
  change: (steps: Step[], holder: string | null) => Step[],
): Definition {
  const actions = mapped(definition.actions, null, kinds, change);
  return actions === definition.actions ? definition : { ...definition, actions };
}

function mapped(
  steps: Step[],
  holder: string | null,
  kinds: Kinds,
  change: (steps: Step[], holder: string | null) => Step[],
): Step[] {
  let touched = false;
  const after = steps.map((step) => {
    const inside = insideOf(step, kinds);
    if (inside === null) return step;
    const next = mapped(inside, step.id, kinds, change);
    if (next === inside || (next.length === 0 && inside.length === 0)) return step;
    touched = true;
    return withInside(step, next, kinds);
  });
  return change(touched ? after : steps, holder);
}

/** Every step changed by `change`, wherever it stands. */
export function mapSteps(definition: Definition, kinds: Kinds, change: (step: Step) => Step): Definition {
  return mapBodies(definition, kinds, (steps) => mappedSteps(steps, change));
}

export function mappedSteps(steps: Step[], change: (step: Step) => Step): Step[] {
  let touched = false;
  const after = steps.map((step) => {
    const next = change(step);
    touched ||= next !== step;
    return next;
  });
  return touched ? after : steps;
}
