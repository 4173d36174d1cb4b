/** From the JSON tab's text to a definition that the editor can hold, or why not. Pure. */
import { stepsFrom } from '../document/clipboard';
import type { Definition } from '../document/definition';
import type { Kinds } from '../document/kinds';

const SHOWN = ['name', 'description', 'trigger_type', 'trigger_config', 'actions', 'policy'] as const;

/** The text of a definition: all but where blocks are drawn. */
export function textOf(definition: Definition): string {
  return JSON.stringify(Object.fromEntries(SHOWN.map((name) => [name, definition[name]])), null, 2);
}

export type Wrong = 'syntax' | 'object' | 'actions' | 'trigger' | 'name' | 'policy';

export function read(text: string, before: Definition, kinds: Kinds): Definition | Wrong {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return 'syntax';
  }
  if (!isObject(value)) return 'object';
  const said: Record<string, unknown> = { ...before, ...value };
  const actions = stepsFrom(said.actions, kinds);
  if (!actions) return 'actions';
  if (!isObject(said.trigger_config)) return 'trigger';
  if (typeof said.name !== 'string') return 'name';
  if (!isObject(said.policy)) return 'policy';
  const known = Object.fromEntries(SHOWN.map((name) => [name, said[name]])) as unknown as Definition;
  return { ...known, actions, layout: before.layout };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
