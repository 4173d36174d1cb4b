import { isObject } from '../schema';

/** A schedule as a person thinks of it. */
export type Plan =
  | { kind: 'every'; count: number; unit: Unit }
  | { kind: 'hourly'; minute: number; zone: string }
  | { kind: 'daily'; time: string; zone: string }
  | { kind: 'weekly'; time: string; days: number[]; zone: string }
  | { kind: 'monthly'; time: string; day: number; zone: string }
  | { kind: 'cron'; cron: string; zone: string }
  | { kind: 'once'; at: string; zone: string };

export type PlanKind = Plan['kind'];
export const PLAN_KINDS = ['every', 'hourly', 'daily', 'weekly', 'monthly', 'cron', 'once'] as const;
export const UNITS = ['minutes', 'hours', 'days'] as const;
export type Unit = (typeof UNITS)[number];

const SECONDS: Record<Unit, number> = { minutes: 60, hours: 3600, days: 86_400 };
const WEEKDAYS = '1,2,3,4,5';

const two = (number: number) => String(number).padStart(2, '0');
const number = (text: string | undefined, most: number) => {
  const found = text !== undefined && /^\d{1,2}$/.test(text) ? Number(text) : Number.NaN;
  return found <= most ? found : null;
};

function days(text: string): number[] | null {
  const found: number[] = [];
  for (const part of text.split(',')) {
    const span = /^([0-7])(?:-([0-7]))?$/.exec(part);
    if (!span) return null;
    const from = Number(span[1]);
    const to = span[2] === undefined ? from : Number(span[2]);
    if (to < from) return null;
    for (let day = from; day <= to; day += 1) found.push(day % 7);
  }
  return [...new Set(found)].sort((a, b) => a - b);
}

/** A schedule as it is stored. What is none of the presets is a cron expression. */
export function planOf(schedule: Record<string, unknown>, zone: string): Plan {
  const own = typeof schedule.timezone === 'string' ? schedule.timezone : null;
  if (typeof schedule.every_s === 'number') {
    const seconds = schedule.every_s;
    const unit = [...UNITS].reverse().find((each) => seconds % SECONDS[each] === 0) ?? 'minutes';
    return { kind: 'every', count: seconds / SECONDS[unit], unit };
  }
  if (typeof schedule.run_at === 'string') {
    return { kind: 'once', at: localOf(schedule.run_at, zone), zone };
  }
  const cron = typeof schedule.cron === 'string' ? schedule.cron : '';
  return presetOf(cron, own ?? (cron ? 'UTC' : zone));
}

function presetOf(cron: string, zone: string): Plan {
  const custom: Plan = { kind: 'cron', cron, zone };
  const [minutes, hours, day, month, weekday, more] = cron.trim().split(/\s+/);
  const minute = number(minutes, 59);
  if (minute === null || month !== '*' || more !== undefined) return custom;
  if (hours === '*' && day === '*' && weekday === '*') return { kind: 'hourly', minute, zone };
  const hour = number(hours, 23);
  if (hour === null) return custom;
  const time = `${two(hour)}:${two(minute)}`;
  if (day === '*' && weekday === '*') return { kind: 'daily', time, zone };
  if (day === '*' && weekday) {
    const found = days(weekday);
    return found ? { kind: 'weekly', time, days: found, zone } : custom;
  }
  const date = number(day, 31);
  return weekday === '*' && date ? { kind: 'monthly', time, day: date, zone } : custom;
}

/** A plan as it is stored. */
export function scheduleOf(plan: Plan): Record<string, unknown> {
  switch (plan.kind) {
    case 'every':
      return { every_s: plan.count * SECONDS[plan.unit] };
    case 'hourly':
      return { cron: `${plan.minute} * * * *`, timezone: plan.zone };
    case 'daily':
      return { cron: `${clock(plan.time)} * * *`, timezone: plan.zone };
    case 'weekly':
      return { cron: `${clock(plan.time)} * * ${plan.days.join(',') || WEEKDAYS}`, timezone: plan.zone };
    case 'monthly':
      return { cron: `${clock(plan.time)} ${plan.day} * *`, timezone: plan.zone };
    case 'cron':
      return { cron: plan.cron, timezone: plan.zone };
    case 'once':
      return { run_at: momentOf(plan.at, plan.zone) };
  }
}

function clock(time: string): string {
  const [hour = '0', minute = '0'] = time.split(':');
  return `${Number(minute)} ${Number(hour)}`;
}

/** What another preset begins with, when it is chosen instead of `plan`. */
export function changedTo(kind: PlanKind, plan: Plan, zone: string, now: Date): Plan {
  const own = 'zone' in plan ? plan.zone : zone;
  const time = 'time' in plan ? plan.time : '09:00';
  switch (kind) {
    case 'every':
      return { kind, count: 15, unit: 'minutes' };
    case 'hourly':
      return { kind, minute: 0, zone: own };
    case 'daily':
      return { kind, time, zone: own };
    case 'weekly':
      return { kind, time, days: [1], zone: own };
    case 'monthly':
      return { kind, time, day: 1, zone: own };
    case 'cron': {
      const { cron } = scheduleOf(plan);
      return { kind, cron: typeof cron === 'string' ? cron : '0 9 * * 1-5', zone: own };
    }
    case 'once':
      return {
        kind,
        at: localOf(new Date(now.getTime() + 3_600_000).toISOString(), own)
          .slice(0, 14)
          .concat('00'),
        zone: own,
      };
  }
}

/** "2027-03-28T09:00" on the clocks of a zone, of a moment. */
export function localOf(moment: string, zone: string): string {
  const date = new Date(moment);
  if (Number.isNaN(date.getTime())) return '';
  const format = new Intl.DateTimeFormat('en-CA', {
    timeZone: zone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  const part = Object.fromEntries(format.formatToParts(date).map(({ type, value }) => [type, value]));
  return `${part.year}-${part.month}-${part.day}T${part.hour}:${part.minute}`;
}

/** The moment at which the clocks of a zone show a time, with that zone's offset then. */
export function momentOf(local: string, zone: string): string {
  const wanted = /^\d{4}-\d\d-\d\dT\d\d:\d\d$/.test(local) ? Date.parse(`${local}:00Z`) : Number.NaN;
  if (Number.isNaN(wanted)) return '';
  let offset = offsetAt(wanted, zone);
  offset = offsetAt(wanted - offset * 60_000, zone);
  const sign = offset < 0 ? '-' : '+';
  const minutes = Math.abs(offset);
  return `${local}:00${sign}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

/** Minutes that a zone is ahead of UTC at a moment. */
function offsetAt(moment: number, zone: string): number {
  const local = localOf(new Date(moment).toISOString(), zone);
  return Math.round((Date.parse(`${local}:00Z`) - moment) / 60_000);
}

/** The schedules of a trigger's config, in any form that can be saved. */
export function schedulesOf(config: Record<string, unknown>): Record<string, unknown>[] {
  if (Array.isArray(config.schedules)) return config.schedules.map((each) => (isObject(each) ? each : {}));
  const short = ['cron', 'cron_expression', 'every_s', 'run_at'].some((name) => name in config);
  if (!short) return [];
  const cron = config.cron ?? config.cron_expression;
  return [
    Object.fromEntries(
      Object.entries({
        cron,
        timezone: config.timezone,
        every_s: config.every_s,
        run_at: config.run_at,
      }).filter(([, value]) => value !== undefined && value !== null),
    ),
  ];
}

export function zones(): string[] {
  const known = Intl.supportedValuesOf('timeZone');
  return known.includes('UTC') ? known : ['UTC', ...known];
}

export function ownZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';
}
