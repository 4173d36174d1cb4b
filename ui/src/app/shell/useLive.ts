import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { useSession } from '~/api/session';
import { type Happening, watch } from '~/api/stream';

type Hear = (happening: Happening) => void;
const hearers = new Set<Hear>();

/** Hear every event of the workspace's stream; for pages that patch what they show. */
export function useHappenings(hear: Hear): void {
  useEffect(() => {
    hearers.add(hear);
    return () => {
      hearers.delete(hear);
    };
  }, [hear]);
}

/** What is read again when an event of that kind comes: the first part of the queries' keys, a feature's name. */
const STALE: Record<string, string[]> = {
  run: ['runs', 'automations'],
  approval: ['approvals', 'runs'],
  notification: ['notifications'],
  alert: ['alerts'],
  message: ['channels'],
  channel: ['channels'],
  agent: ['agents'],
};
const LIVE = new Set(Object.values(STALE).flat());
const GATHER_MS = 250;
const CALM_MS = 1000;
const LOST_AFTER_MS = 4000;

/** Keep the one event stream of this tab; says whether it is there. */
export function useLive(): boolean {
  const client = useQueryClient();
  const now = useSession();
  const [live, setLive] = useState(true);
  const workspace = now.state === 'signed-in' ? now.workspaceId : null;
  useEffect(() => {
    if (!workspace) return;
    const end = new AbortController();
    const stale = new Set<string>();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let caughtUp: ReturnType<typeof setTimeout> | undefined;
    let lost: ReturnType<typeof setTimeout> | undefined;
    const readAgain = () => {
      timer = undefined;
      for (const feature of stale) void client.invalidateQueries({ queryKey: [feature] });
      stale.clear();
    };
    // What happened between the first answers and the stream's beginning was told to nobody.
    const catchUp = (opened: number) =>
      void client.invalidateQueries({
        predicate: ({ queryKey, state }) =>
          LIVE.has(String(queryKey[0])) &&
          state.dataUpdatedAt > 0 &&
          state.dataUpdatedAt < opened + CALM_MS / 2,
      });
    void watch(
      '/api/events/stream',
      {
        onEvent: (happening) => {
          for (const hear of hearers) hear(happening);
          for (const feature of STALE[happening.kind] ?? []) stale.add(feature);
          if (stale.size) timer ??= setTimeout(readAgain, GATHER_MS);
        },
        onOpen: (again) => {
          clearTimeout(lost);
          lost = undefined;
          setLive(true);
          if (again) void client.invalidateQueries();
          else caughtUp = setTimeout(catchUp, CALM_MS, Date.now());
        },
        onLost: () => {
          lost ??= setTimeout(() => setLive(false), LOST_AFTER_MS);
        },
      },
      end.signal,
    );
    return () => {
      end.abort();
      clearTimeout(timer);
      clearTimeout(caughtUp);
      clearTimeout(lost);
    };
  }, [client, workspace]);
  return live;
}
