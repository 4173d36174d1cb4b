import type { components } from '~/api/schema';
import type { Step } from './definition';

export type Action = components['schemas']['ActionView'];
export type Trigger = components['schemas']['TriggerView'];

/** The actions of the catalogue by name: what the editor knows of a step's type. */
export type Kinds = ReadonlyMap<string, Pick<Action, 'contains' | 'exits'>>;

/** The exits that later steps may need besides the step itself and `error` (see `ActionView.exits`). */
export function exitsOf(step: Step, kinds: Kinds): string[] {
  const named = (kinds.get(step.type)?.exits ?? []).flatMap((exit) => {
    const path = /^\{(.+)\}$/.exec(exit)?.[1];
    return path === undefined ? [exit] : at(step.config, path);
  });
  return [...new Set(named)];
}

function at(config: unknown, path: string): string[] {
  let found: unknown[] = [config];
  for (const part of path.split('.')) {
    const key = part.replace(/\[\]$/, '');
    found = found.flatMap((value) =>
      typeof value === 'object' && value !== null && key in value
        ? [(value as Record<string, unknown>)[key]]
        : [],
    );
    if (part.endsWith('[]')) found = found.flatMap((value) => (Array.isArray(value) ? value : []));
  }
  return found.filter((value) => typeof value === 'string');
}

/** The field of the config that holds steps, of a step that is a container. */
export function containsOf(step: Step, kinds: Kinds): string | null {
  return kinds.get(step.type)?.contains ?? null;
}
