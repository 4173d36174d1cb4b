import type { Template } from '../queries';

/** With a capital: the API's sentences go on after a name. */
export function sentence(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

/** The channels in which its agents answer, as they will be called. */
export function roomsOf(template: Template): string[] {
  const rooms = [...new Set(template.agents.flatMap(({ channels }) => channels))];
  const defaults = (template.inputs_schema.properties ?? {}) as Record<string, { default?: unknown }>;
  return rooms.map((room) => {
    const input = /^\$\{inputs\.(\w+)\}$/.exec(room)?.[1];
    return `#${input ? String(defaults[input]?.default ?? input) : room}`;
  });
}
