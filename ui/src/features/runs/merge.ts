import type { InfiniteData } from '@tanstack/react-query';
import type { Line, Run, RunDetail, StepRun } from './queries';

export type RunPages = InfiniteData<{ items: Run[]; next_cursor: string | null }, string | undefined>;

export function newestFirst(a: { id: string }, b: { id: string }): number {
  return a.id < b.id ? 1 : a.id > b.id ? -1 : 0;
}

/** The list with its newest page read again: what is new comes on top, what is known is as it is now. */
export function withNewest(pages: RunPages, newest: Run[]): RunPages {
  const fresh = new Map(newest.map((run) => [run.id, run]));
  const known = new Set<string>();
  const updated = pages.pages.map((page) => ({
    ...page,
    items: page.items.map((run) => {
      known.add(run.id);
      return fresh.get(run.id) ?? run;
    }),
  }));
  const added = newest.filter((run) => !known.has(run.id));
  const [first, ...rest] = updated;
  if (!first || added.length === 0) return { ...pages, pages: updated };
  return { ...pages, pages: [{ ...first, items: [...added, ...first.items].sort(newestFirst) }, ...rest] };
}

/** The list with one run as it is now; null takes it out. */
export function withRun(pages: RunPages, id: string, change: (run: Run) => Run | null): RunPages {
  return {
    ...pages,
    pages: pages.pages.map((page) =>
      page.items.some((run) => run.id === id)
        ? {
            ...page,
            items: page.items.flatMap((run) => (run.id === id ? (change(run) ?? []) : run)),
          }
        : page,
    ),
  };
}

/** One event of a run's stream. */
export type RunEvent =
  | { kind: 'run'; run: Partial<Run> & { id: string } }
  | {
      kind: 'step';
      step: Partial<StepRun> & { step_id: string; status: StepRun['status']; provisional?: boolean };
    }
  | { kind: 'line'; line: Line };

const ENDED = ['success', 'failed', 'cancelled', 'skipped'];

export function hasEnded(status: string): boolean {
  return ENDED.includes(status);
}

/** The run after some events. What is provisional never overrules what is recorded as over. */
export function withEvents(run: RunDetail, events: RunEvent[]): RunDetail {
  let next = run;
  const steps = new Map(run.action_logs.map((step) => [step.step_id, step]));
  let touched = false;
  for (const event of events) {
    if (event.kind === 'run') {
      if (event.run.seq !== undefined && event.run.seq < next.seq) continue;
      next = { ...next, ...event.run };
    } else if (event.kind === 'step' && !event.step.iteration) {
      const before = steps.get(event.step.step_id);
      if (event.step.provisional && before && ['success', 'failed', 'skipped'].includes(before.status))
        continue;
      if (!before && event.step.provisional) continue; // it has no row yet: its record follows
      steps.set(event.step.step_id, { ...(before as StepRun), ...event.step } as StepRun);
      touched = true;
    }
  }
  if (!touched) return next;
  const sorted = [...steps.values()].sort((a, b) => a.action_index - b.action_index);
  return { ...next, action_logs: sorted };
}

/** The log with new lines, each once. */
export function withLines(lines: Line[], news: Line[]): Line[] {
  const last = lines.at(-1)?.seq ?? -1;
  const added = news.filter((line) => line.seq > last);
  return added.length ? [...lines, ...added] : lines;
}
