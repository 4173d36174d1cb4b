export const STATUSES = [
  'success',
  'failed',
  'running',
  'waiting',
  'queued',
  'cancelled',
  'skipped',
] as const;
export type RunStatus = (typeof STATUSES)[number];

/** Spans up to now, in minutes. */
export const SPANS = { hour: 60, day: 1440, week: 10_080, month: 43_200 } as const;
export type Span = keyof typeof SPANS;

/** Which runs, as the address of the list says. `span` is up to now, `from` and `to` are moments (ISO 8601). */
export interface RunFilter {
  automation?: string;
  status?: RunStatus;
  trigger?: string;
  span?: Span;
  from?: string;
  to?: string;
  q?: string;
  replay?: string;
}

function one<T extends string>(value: unknown, of: readonly T[]): T | undefined {
  return of.find((each) => each === value);
}

const text = (value: unknown) => (typeof value === 'string' && value ? value : undefined);
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const id = (value: unknown) => (typeof value === 'string' && UUID.test(value) ? value : undefined);
const moment = (value: unknown) =>
  typeof value === 'string' && !Number.isNaN(Date.parse(value)) ? new Date(value).toISOString() : undefined;

export function runFilter(search: Record<string, unknown>): RunFilter {
  const span = one(search.span, Object.keys(SPANS) as Span[]);
  return {
    automation: id(search.automation),
    status: one(search.status, STATUSES),
    trigger: text(search.trigger),
    span,
    from: span ? undefined : moment(search.from),
    to: span ? undefined : moment(search.to),
    q: text(search.q)?.slice(0, 200),
    replay: id(search.replay),
  };
}

export function isFiltered(filter: RunFilter): boolean {
  return Object.values(filter).some((value) => value !== undefined);
}

/** The filter in the API's words; a span begins so long before `now`. */
export function asked(filter: RunFilter, now: number = Date.now()) {
  const since = filter.span ? new Date(now - SPANS[filter.span] * 60_000).toISOString() : filter.from;
  return {
    automation_id: filter.automation,
    status: filter.status,
    trigger_type: filter.trigger,
    from: since,
    to: filter.to,
    q: filter.q,
  };
}

/** The fields that are set, in one order: the same filter has the same text. */
export function filterText(filter: RunFilter): string {
  const entries = Object.entries(filter).filter(([, value]) => value !== undefined);
  return JSON.stringify(Object.fromEntries(entries.sort(([a], [b]) => a.localeCompare(b))));
}
