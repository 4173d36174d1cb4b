import type { OutlineStep } from '~/features/graph/outline';
import type { StepRun } from './queries';

export interface Span {
  from: number;
  to: number;
  kind: 'attempt' | 'last';
}

interface Attempt {
  attempt?: number;
  started_at?: string;
  completed_at?: string;
  code?: string;
  error?: string;
}

/** The failed attempts before the last one. */
export function attemptsOf(step: StepRun): Attempt[] {
  const all = Array.isArray(step.attempts) ? (step.attempts as Attempt[]) : [];
  return all.filter((each) => each.attempt === undefined || each.attempt < step.attempt);
}

const at = (text: string | null | undefined) => (text ? Date.parse(text) : Number.NaN);

/** When a step was at work: its failed attempts and the last one, apart from each other. Milliseconds. */
export function spansOf(step: StepRun, now: number): Span[] {
  const failed = attemptsOf(step).flatMap((each): Span[] => {
    const [from, to] = [at(each.started_at), at(each.completed_at)];
    return Number.isNaN(from) || Number.isNaN(to) ? [] : [{ from, to: Math.max(to, from), kind: 'attempt' }];
  });
  if (step.copied_from !== null) return [];
  const end = at(step.completed_at);
  const to = Number.isNaN(end) ? now : end;
  const begun = at(step.started_at);
  if (Number.isNaN(begun)) return failed;
  // `started_at` is that of the first attempt; the last one begins after the failed ones ended
  const lastFailed = failed.reduce((latest, each) => Math.max(latest, each.to), 0);
  const from = Math.max(begun, lastFailed && lastFailed <= to ? lastFailed : begun);
  return [...failed, { from, to: Math.max(to, from), kind: 'last' }];
}

const IDLE_SHARE = 0.06;
const LONG_GAP = 3; // times all the work

export interface Scale {
  /** Share of the width, 0 to 1. */
  x: (moment: number) => number;
  /** Pauses that are drawn shorter than they were. */
  breaks: { x: number; ms: number }[];
  from: number;
  to: number;
}

/** A time axis on which long pauses (a night, an approval) take little room, so that the work can be seen. */
export function scaleOf(spans: readonly Span[]): Scale {
  const sorted = spans.toSorted((a, b) => a.from - b.from);
  const busy: { from: number; to: number }[] = [];
  for (const { from, to } of sorted) {
    const last = busy.at(-1);
    if (last && from <= last.to) last.to = Math.max(last.to, to);
    else busy.push({ from, to });
  }
  const first = busy[0];
  const final = busy.at(-1);
  if (!first || !final) return { x: () => 0, breaks: [], from: 0, to: 0 };
  const work = Math.max(
    1,
    busy.reduce((sum, each) => sum + each.to - each.from, 0),
  );
  let width = 0;
  const pieces: { from: number; to: number; x: number; width: number }[] = [];
  const add = (from: number, to: number, share: number) => {
    pieces.push({ from, to, x: width, width: share });
    width += share;
  };
  const breaks: { x: number; ms: number }[] = [];
  busy.forEach((each, index) => {
    const before = busy[index - 1];
    if (before) {
      const gap = each.from - before.to;
      const isLong = gap > LONG_GAP * work;
      if (isLong) breaks.push({ x: width, ms: gap });
      add(before.to, each.from, isLong ? work * IDLE_SHARE : gap);
    }
    add(each.from, each.to, each.to - each.from);
  });
  const total = Math.max(1, width);
  const x = (moment: number) => {
    let low = 0;
    let high = pieces.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((pieces[middle]?.to ?? 0) < moment) low = middle + 1;
      else high = middle;
    }
    const piece = pieces[low];
    if (!piece) return 0;
    const inside = piece.to > piece.from ? (moment - piece.from) / (piece.to - piece.from) : 0;
    return Math.min(1, Math.max(0, (piece.x + inside * piece.width) / total));
  };
  return {
    x,
    breaks: breaks.map((each) => ({ ...each, x: each.x / total })),
    from: first.from,
    to: final.to,
  };
}

/** A row of the timeline: a step, or one of the things under an open loop. */
export type Row =
  | {
      kind: 'step';
      key: string;
      id: string;
      depth: number;
      step: StepRun | null;
      outline: OutlineStep | null;
    }
  | { kind: 'item'; key: string; id: string; depth: number; step: StepRun; loop: string }
  | { kind: 'more'; key: string; depth: number; loop: string };

/** Steps in the order of the definition; what the definition does not know (an older one) stands at its place. */
export function stepRows(
  steps: OutlineStep[],
  logs: StepRun[],
  itemsOf: (loop: string) => { items: StepRun[]; more: boolean } | null,
): Row[] {
  const byId = new Map(logs.map((step) => [step.step_id, step]));
  const known = new Set(steps.map(({ id }) => id));
  const rows: Row[] = [];
  const add = (id: string, outline: OutlineStep | null) => {
    rows.push({ kind: 'step', key: id, id, depth: 0, step: byId.get(id) ?? null, outline });
    const open = itemsOf(id);
    if (!open) return;
    for (const step of open.items) {
      const depth = step.iteration.split('.').length;
      rows.push({ kind: 'item', key: step.id, id: step.step_id, depth, step, loop: id });
    }
    if (open.more) rows.push({ kind: 'more', key: `${id}/more`, depth: 1, loop: id });
  };
  for (const step of steps) add(step.id, step);
  for (const step of logs) if (!known.has(step.step_id) && !step.iteration) add(step.step_id, null);
  return rows;
}
