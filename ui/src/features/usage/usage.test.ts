import { describe, expect, it } from 'vitest';
import { type Credits, daysOf } from './queries';
import { standing } from './standing';

const credits = (more: Partial<Credits>, plan: Partial<Credits['plan']> = {}) =>
  ({
    balance: 500,
    reserved: 0,
    spent: 0,
    runs_in_month: 0,
    ...more,
    plan: { monthly_credits: 500, runs_per_month: 100, ...plan },
  }) as Credits;

describe('the month', () => {
  it('is low from 80 % on, and over when nothing is left', () => {
    expect(standing(credits({})).credits).toBe('fine');
    expect(standing(credits({ balance: 100, spent: 400 })).credits).toBe('low');
    expect(standing(credits({ balance: 0, spent: 500 })).credits).toBe('over');
    expect(standing(credits({ runs_in_month: 80 })).runs).toBe('low');
    expect(standing(credits({ runs_in_month: 100 })).runs).toBe('over');
  });

  it('has no end where the plan has none', () => {
    expect(
      standing(credits({ balance: 0, runs_in_month: 9 }, { monthly_credits: null, runs_per_month: null })),
    ).toEqual({
      credits: 'fine',
      runs: 'fine',
    });
  });

  it('has its days, today the last', () => {
    const days = daysOf('7', Date.parse('2026-03-02T10:00:00Z'));
    expect([days.length, days[0], days.at(-1)]).toEqual([7, '2026-02-24', '2026-03-02']);
  });
});
