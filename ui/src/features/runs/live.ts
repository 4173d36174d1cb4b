import { useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useRef, useState } from 'react';
import { answer, api } from '~/api/client';
import { type Happening, watch } from '~/api/stream';
import { useHappenings } from '~/app/shell/useLive';
import { hasEnded, type RunEvent, type RunPages, withEvents, withLines, withNewest, withRun } from './merge';
import { type Line, type Run, type RunDetail, runKeys, runsPage } from './queries';
import { filterText, type RunFilter } from './search';

const GATHER_MS = 120;
const LIST_MS = 700;
const ITEMS_MS = 1000;
const MOST_AT_ONCE = 20;

/** Follow a run until it ends: its steps and lines come into the queries as they happen. Says whether the stream is there. */
export function useRunLive(id: string, run: RunDetail | undefined): boolean {
  const client = useQueryClient();
  const [lost, setLost] = useState(false);
  const isGoing = run !== undefined && !hasEnded(run.status);
  const seq = useRef(0);
  seq.current = run?.seq ?? 0;
  useEffect(() => {
    if (!isGoing) return;
    const end = new AbortController();
    let events: RunEvent[] = [];
    let timer: ReturnType<typeof setTimeout> | undefined;
    let items: ReturnType<typeof setTimeout> | undefined;
    const take = () => {
      timer = undefined;
      const news = events;
      events = [];
      client.setQueryData<RunDetail>(runKeys.detail(id), (before) => before && withEvents(before, news));
      const lines = news.flatMap((event) => (event.kind === 'line' ? event.line : []));
      if (lines.length)
        client.setQueryData<Line[]>(runKeys.lines(id), (before) => before && withLines(before, lines));
      if (news.some((event) => event.kind === 'step' && event.step.iteration)) {
        items ??= setTimeout(() => {
          items = undefined;
          void client.invalidateQueries({ queryKey: runKeys.items(id) });
        }, ITEMS_MS);
      }
    };
    void watch(
      `/api/automations/logs/${id}/stream?values=false`,
      {
        onEvent: ({ kind, data }) => {
          if (kind !== 'run' && kind !== 'step' && kind !== 'line') return;
          events.push({ kind, [kind]: data } as unknown as RunEvent);
          timer ??= setTimeout(take, GATHER_MS);
        },
        onOpen: () => setLost(false),
        onLost: () => setLost(true),
      },
      end.signal,
      String(seq.current),
    ).then(() => {
      if (end.signal.aborted) return;
      clearTimeout(timer);
      take();
      for (const key of [runKeys.detail(id), runKeys.items(id), runKeys.lines(id)])
        void client.invalidateQueries({ queryKey: key });
    });
    return () => {
      end.abort();
      clearTimeout(timer);
      clearTimeout(items);
    };
  }, [client, id, isGoing]);
  return !lost;
}

async function readRun(id: string): Promise<Run> {
  const params = { path: { log_id: id }, query: { values: false, items: false } };
  return answer(api.GET('/api/automations/logs/{log_id}', { params }));
}

/**
 * Keep a list of runs as it is now, without moving what somebody reads: at the top new runs come in, further down they
 * are counted, and come when `showNew` is called.
 */
export function useRunsLive(
  filter: RunFilter,
  isAtTop: () => boolean,
): { unseen: number; showNew: () => void } {
  const client = useQueryClient();
  const [unseen, setUnseen] = useState<ReadonlySet<string>>(new Set());
  const changed = useRef(new Map<string, unknown>());
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const text = filterText(filter);
  const latest = useRef({ filter, isAtTop });
  latest.current = { filter, isAtTop };

  const patch = useCallback(
    (change: (pages: RunPages) => RunPages) =>
      client.setQueryData<RunPages>(['history', 'list', text], (pages) => pages && change(pages)),
    [client, text],
  );
  const showNew = useCallback(async () => {
    setUnseen(new Set());
    const newest = await runsPage(latest.current.filter).catch(() => null);
    if (newest) patch((pages) => withNewest(pages, newest.items));
  }, [patch]);

  const settle = useCallback(async () => {
    timer.current = undefined;
    const pages = client.getQueryData<RunPages>(['history', 'list', text]);
    if (!pages) return;
    const known = new Set(pages.pages.flatMap((page) => page.items.map((run) => run.id)));
    const { status: wanted, trigger, q, replay, to } = latest.current.filter;
    const isTold = trigger || q || replay || to; // by what an event does not tell
    const ids = [...changed.current.keys()];
    const fresh = ids.filter((id) => !known.has(id) && (!wanted || changed.current.get(id) === wanted));
    changed.current.clear();
    if (fresh.length && latest.current.isAtTop()) await showNew();
    else if (fresh.length && !isTold) setUnseen((before) => new Set([...before, ...fresh]));
    const old = ids.filter((id) => known.has(id)).slice(0, MOST_AT_ONCE);
    for (const run of await Promise.all(old.map((id) => readRun(id).catch(() => null)))) {
      if (run) patch((now) => withRun(now, run.id, () => (wanted && run.status !== wanted ? null : run)));
    }
  }, [client, text, patch, showNew]);

  const hear = useCallback(
    ({ kind, data }: Happening) => {
      if (kind !== 'run' || typeof data.run !== 'string') return;
      if (filter.automation && data.rule !== filter.automation) return;
      changed.current.set(data.run, data.status);
      timer.current ??= setTimeout(() => void settle(), LIST_MS);
    },
    [filter.automation, settle],
  );
  useHappenings(hear);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another filter begins anew
  useEffect(() => {
    setUnseen(new Set());
    changed.current.clear();
    return () => clearTimeout(timer.current);
  }, [text]);
  return { unseen: unseen.size, showNew: () => void showNew() };
}
