import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { startTransition, useCallback, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { flat, type OutlineStep } from '~/features/graph/outline';
import { countsQuery, itemsQuery, type StepRun } from './queries';

/** The loops of a run: one of them open at a time, its items read page by page as they come into sight. */
export interface Loops {
  isLoop: (id: string) => boolean;
  isOpen: (id: string) => boolean;
  toggle: (id: string) => void;
  itemsOf: (id: string) => { items: StepRun[]; more: boolean } | null;
  more: (id: string) => void;
  failed: (id: string) => number;
  noteOf: (id: string) => string;
  onlyFailed: boolean;
  setOnlyFailed: (only: boolean) => void;
}

export function useLoops(runId: string, steps: OutlineStep[]): Loops {
  const { t } = useTranslation('runs');
  const [open, setOpen] = useState<string | null>(null);
  const [onlyFailed, setOnlyFailed] = useState(false);
  const inner = useMemo(
    () =>
      new Map(
        steps
          .filter((step) => step.inner.length)
          .map((step) => [step.id, flat(step.inner).map(({ id }) => id)]),
      ),
    [steps],
  );
  const counts = useQuery({ ...countsQuery(runId), enabled: inner.size > 0 });
  const wanted = (open && inner.get(open)) || [];
  const list = useInfiniteQuery({
    ...itemsQuery(runId, wanted, onlyFailed ? 'failed' : undefined),
    enabled: wanted.length > 0,
  });
  const { data, hasNextPage, isFetchingNextPage, fetchNextPage } = list;
  const items = useMemo(() => data?.pages.flatMap((page) => page.items) ?? [], [data]);
  const totals = useMemo(() => {
    const found = new Map<string, { done: number; failed: number; all: number }>();
    for (const [loop, ids] of inner) {
      const of = (counts.data ?? []).filter((each) => ids.includes(each.step_id));
      const sum = (...states: string[]) =>
        of.filter(({ status }) => states.includes(status)).reduce((total, { count }) => total + count, 0);
      found.set(loop, {
        done: sum('success', 'skipped'),
        failed: sum('failed', 'unknown'),
        all: of.reduce((total, { count }) => total + count, 0),
      });
    }
    return found;
  }, [counts.data, inner]);
  const itemsOf = useCallback(
    (id: string) => (id === open ? { items, more: hasNextPage } : null),
    [open, items, hasNextPage],
  );
  const more = useCallback(
    (id: string) => {
      if (id === open && hasNextPage && !isFetchingNextPage) void fetchNextPage();
    },
    [open, hasNextPage, isFetchingNextPage, fetchNextPage],
  );
  const toggle = useCallback((id: string) => {
    startTransition(() => {
      setOnlyFailed(false);
      setOpen((before) => (before === id ? null : id));
    });
  }, []);
  const noteOf = useCallback(
    (id: string) => {
      const total = totals.get(id);
      if (!total?.all) return '';
      const words = t('itemsDone', { done: total.done, all: total.all });
      return total.failed ? `${words}, ${t('itemsFailed', { count: total.failed })}` : words;
    },
    [totals, t],
  );
  return useMemo(
    () => ({
      isLoop: (id: string) => inner.has(id),
      isOpen: (id: string) => id === open,
      toggle,
      itemsOf,
      more,
      failed: (id: string) => totals.get(id)?.failed ?? 0,
      noteOf,
      onlyFailed,
      setOnlyFailed,
    }),
    [inner, open, toggle, itemsOf, more, totals, noteOf, onlyFailed],
  );
}
