import type { Definition } from './definition';
import { renamedValue } from './references';

const BY_POSITION = /steps\s*(?:\.|\[)\s*["']?\d/;

/** `after` with references by position (`steps.0`) pointing to the steps that they pointed to in `before`. */
export function repositioned(before: Definition, after: Definition): Definition {
  if (before.actions === after.actions || !BY_POSITION.test(JSON.stringify(after.actions))) return after;
  const now = new Map(after.actions.map((step, index) => [step.id, index]));
  const rename = (name: string) => {
    if (!/^\d+$/.test(name)) return name;
    const id = before.actions[Number(name)]?.id;
    const index = id === undefined ? undefined : now.get(id);
    return index === undefined ? name : String(index);
  };
  const old = new Set(before.actions.map(({ id }) => id));
  const actions = after.actions.map((step) =>
    old.has(step.id) ? { ...step, config: renamedValue(step.config, rename) } : step,
  );
  return { ...after, actions };
}
