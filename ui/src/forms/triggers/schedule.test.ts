import { describe, expect, it } from 'vitest';
import { changedTo, localOf, momentOf, PLAN_KINDS, planOf, scheduleOf, schedulesOf } from './schedule';

const ZONE = 'Europe/Paris';

describe('schedules', () => {
  it.each([
    ['0 9 * * 1-5', 'weekly'],
    ['30 2 * * *', 'daily'],
    ['5 * * * *', 'hourly'],
    ['0 8 1 * *', 'monthly'],
    ['*/5 8-18 * * 1', 'cron'],
    ['0 9 1 1 *', 'cron'],
    ['0 9 1 * 1', 'cron'],
    ['0 9 * * MON', 'cron'],
    ['', 'cron'],
    ['nonsense', 'cron'],
  ])('%s is %s', (cron, kind) => {
    expect(planOf({ cron, timezone: ZONE }, 'UTC').kind).toBe(kind);
  });

  it('are stored as they were read', () => {
    for (const schedule of [
      { cron: '30 2 * * *', timezone: ZONE },
      { cron: '0 9 * * 1,3', timezone: ZONE },
      { cron: '15 7 31 * *', timezone: 'UTC' },
      { cron: '*/5 8-18 * * 1', timezone: ZONE },
      { every_s: 900 },
      { every_s: 7200 },
      { run_at: '2030-01-31T18:00:00+01:00' },
    ]) {
      expect(scheduleOf(planOf(schedule, ZONE))).toEqual(schedule);
    }
  });

  it('know the clocks of a zone in summer, in winter, and where they jump', () => {
    expect(momentOf('2027-07-01T09:00', ZONE)).toBe('2027-07-01T09:00:00+02:00');
    expect(momentOf('2027-01-01T09:00', ZONE)).toBe('2027-01-01T09:00:00+01:00');
    expect(localOf('2027-03-28T01:00:00Z', ZONE)).toBe('2027-03-28T03:00');
    expect(momentOf('2027-01-01T09:00', 'America/New_York')).toBe('2027-01-01T09:00:00-05:00');
    expect(momentOf('', ZONE)).toBe('');
  });

  it('begin with something that can be saved, whatever was chosen before', () => {
    const now = new Date('2027-01-01T08:20:00Z');
    for (const from of PLAN_KINDS) {
      for (const to of PLAN_KINDS) {
        const plan = changedTo(
          to,
          changedTo(from, { kind: 'cron', cron: '', zone: ZONE }, ZONE, now),
          ZONE,
          now,
        );
        expect(plan.kind).toBe(to);
        expect(Object.values(scheduleOf(plan)).every((value) => value !== '' || from === 'cron')).toBe(true);
      }
    }
  });

  it('are found in short forms too', () => {
    expect(schedulesOf({ cron: '0 9 * * *', timezone: ZONE })).toEqual([
      { cron: '0 9 * * *', timezone: ZONE },
    ]);
    expect(schedulesOf({ cron_expression: '0 9 * * *' })).toEqual([{ cron: '0 9 * * *' }]);
    expect(schedulesOf({ schedules: [{ every_s: 60 }] })).toEqual([{ every_s: 60 }]);
    expect(schedulesOf({})).toEqual([]);
  });
});
