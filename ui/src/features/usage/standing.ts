import type { Credits } from './queries';

export type Level = 'fine' | 'low' | 'over';
const LOW = 0.8;

function level(used: number, all: number | null): Level {
  if (all === null || all <= 0) return 'fine';
  return used >= all ? 'over' : used >= LOW * all ? 'low' : 'fine';
}

/** How the month stands: of the credits what is spent or reserved counts, of runs every accepted one. */
export function standing(credits: Credits): { credits: Level; runs: Level } {
  const { plan } = credits;
  const all = plan.monthly_credits == null ? null : credits.balance + credits.reserved + credits.spent;
  const isOver = plan.monthly_credits != null && credits.balance <= 0;
  return {
    credits: isOver ? 'over' : level(credits.spent + credits.reserved, all),
    runs: level(credits.runs_in_month, plan.runs_per_month ?? null),
  };
}
