/** A step of a definition with the steps inside it, as the definition language writes them. */
export interface OutlineStep {
  id: string;
  type: string;
  needs: string[];
  /** Place in its list, counted from 0. */
  index: number;
  depth: number;
  /** The loop around it. */
  loop: string | null;
  inner: OutlineStep[];
}

type Document = Record<string, unknown>;

const isObject = (value: unknown): value is Document =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The steps of `actions`. A step without `needs` needs the one before it. */
export function outline(actions: unknown, loop: string | null = null, depth = 0): OutlineStep[] {
  if (!Array.isArray(actions)) return [];
  let before: string | null = null;
  return actions.filter(isObject).map((action, index) => {
    const id = typeof action.id === 'string' ? action.id : `s${index + 1}`;
    const needs: string[] = Array.isArray(action.needs)
      ? action.needs.map(String)
      : before === null
        ? []
        : [before];
    before = id;
    const config = isObject(action.config) ? action.config : {};
    const inner = outline(config.steps, id, depth + 1);
    return { id, type: String(action.type ?? ''), needs, index, depth, loop, inner };
  });
}

/** Every step, each loop before the steps inside it. */
export function flat(steps: OutlineStep[]): OutlineStep[] {
  return steps.flatMap((step) => [step, ...flat(step.inner)]);
}

/** A need: the step, and which of its outcomes (a branch's case, `error`). */
export function parted(need: string): { step: string; outcome: string | null } {
  const at = need.indexOf(':');
  return at < 0 ? { step: need, outcome: null } : { step: need.slice(0, at), outcome: need.slice(at + 1) };
}
