/** Steps as text: what copying writes and pasting reads. Plain JSON, so that it goes through chats and documents. */
import { placesOf } from './bodies';
import type { Definition, Step } from './definition';
import { newStep } from './definition';
import { containsOf, type Kinds } from './kinds';

export function stepsText(steps: Step[]): string {
  return JSON.stringify({ actions: steps }, null, 2);
}

/** The chosen steps in the order of the document; one that stands in a chosen loop comes with it. */
export function chosenSteps(definition: Definition, ids: readonly string[], kinds: Kinds): Step[] {
  const chosen = new Set(ids);
  const inside = new Set<string>();
  const found: Step[] = [];
  for (const { step, body } of placesOf(definition, kinds)) {
    if (body.holder && (chosen.has(body.holder.id) || inside.has(body.holder.id))) inside.add(step.id);
    if (chosen.has(step.id) && !inside.has(step.id)) found.push(step);
  }
  return found;
}

/** The steps of a text: a list, a whole automation, or one step; null where it is none of them. */
export function stepsOf(text: string, kinds: Kinds): Step[] | null {
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch {
    return null;
  }
  const actions = isObject(read) && Array.isArray(read.actions) ? read.actions : undefined;
  const steps = stepsFrom(actions ?? (Array.isArray(read) ? read : [read]), kinds);
  return steps && steps.length > 0 ? steps : null;
}

/** A list of steps as people write them, in the long form, inner ones too; null where it is none. */
export function stepsFrom(list: unknown, kinds: Kinds): Step[] | null {
  if (!Array.isArray(list)) return null;
  const steps: Step[] = [];
  for (const [index, each] of list.entries()) {
    const step = stepOf(each, index);
    if (!step) return null;
    const field = containsOf(step, kinds);
    if (field !== null && step.config[field] !== undefined) {
      const inside = stepsFrom(step.config[field], kinds);
      if (!inside) return null;
      steps.push({ ...step, config: { ...step.config, [field]: inside } });
    } else steps.push(step);
  }
  return linear(steps, list);
}

function stepOf(value: unknown, index: number): Step | null {
  if (!isObject(value) || typeof value.type !== 'string') return null;
  const id = typeof value.id === 'string' ? value.id : `s${index + 1}`;
  const needs = Array.isArray(value.needs) ? value.needs.filter((need) => typeof need === 'string') : [];
  return {
    ...newStep(id, value.type, {}),
    ...value,
    id,
    needs,
    config: isObject(value.config) ? value.config : {},
  };
}

/** Without `needs` a step needs the one before it. */
function linear(steps: Step[], raw: unknown[]): Step[] {
  return steps.map((step, index) => {
    const said = isObject(raw[index]) && 'needs' in raw[index];
    const before = steps[index - 1];
    return said || !before ? step : { ...step, needs: [before.id] };
  });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
