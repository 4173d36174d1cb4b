import type { Automation } from '../queries';
import type { Sort } from '../routes';

const ORDER: Record<Sort, (a: Automation, b: Automation) => number> = {
  newest: (a, b) => b.created_at.localeCompare(a.created_at),
  name: (a, b) => a.name.localeCompare(b.name),
  lastRun: (a, b) => (b.last_run_at ?? '').localeCompare(a.last_run_at ?? ''),
  runs: (a, b) => b.run_count - a.run_count,
};

export function sorted(items: Automation[], sort: Sort): Automation[] {
  return items.toSorted(ORDER[sort]);
}
