import type { Step } from './definition';
import { exitsOf, type Kinds } from './kinds';

/** What a step needs: another step, or one of its exits. */
export interface Need {
  id: string;
  /** "" for "ended well". */
  exit: string;
}

export function needOf(text: string): Need {
  const [id = '', exit = ''] = text.split(':', 2);
  return { id, exit };
}

export function needText({ id, exit }: Need): string {
  return exit ? `${id}:${exit}` : id;
}

/** Everything that comes before a step of a body, directly or not. */
export function upstream(steps: Step[], id: string): Set<string> {
  const byId = new Map(steps.map((step) => [step.id, step]));
  const found = new Set<string>();
  const todo = [id];
  for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
    for (const need of byId.get(next)?.needs ?? []) {
      const before = needOf(need).id;
      if (!found.has(before) && byId.has(before)) {
        found.add(before);
        todo.push(before);
      }
    }
  }
  return found;
}

/** The steps that run behind this one, however far. */
export function downstream(steps: Step[], id: string): Set<string> {
  const behind = new Map<string, string[]>();
  for (const step of steps)
    for (const need of step.needs) {
      const before = needOf(need).id;
      behind.set(before, [...(behind.get(before) ?? []), step.id]);
    }
  const found = new Set<string>();
  const todo = [id];
  for (let next = todo.pop(); next !== undefined; next = todo.pop())
    for (const each of behind.get(next) ?? [])
      if (!found.has(each)) {
        found.add(each);
        todo.push(each);
      }
  return found;
}

/** Whether one of the needs can only be there when another is not: exits of the same step lead to them. */
export function exclusive(steps: Step[], needs: string[], kinds: Kinds): boolean {
  const byId = new Map(steps.map((step) => [step.id, step]));
  const taken = needs.map((need) => exitsTaken(byId, needOf(need), kinds));
  return taken.some((one, index) =>
    taken.slice(index + 1).some((other) => {
      for (const [id, exit] of one) {
        const there = other.get(id);
        if (there !== undefined && there !== exit) return true;
      }
      return false;
    }),
  );
}

/** The exits that must have been taken for a need to be there, by step; those of a merge are left out. */
function exitsTaken(byId: Map<string, Step>, need: Need, kinds: Kinds): Map<string, string> {
  const found = new Map<string, string>();
  let here: Need | null = need;
  for (let deep = 0; here !== null && deep < 200; deep++) {
    const step = byId.get(here.id);
    if (step === undefined) break;
    if (here.exit || exitsOf(step, kinds).length === 0) found.set(step.id, here.exit);
    here = step.needs.length === 1 && step.needs[0] !== undefined ? needOf(step.needs[0]) : null;
  }
  return found;
}
