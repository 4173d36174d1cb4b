import { authorized } from './client';
import { renew, session } from './session';
import { serverEvents } from './sse';

export interface Happening {
  kind: string;
  data: Record<string, unknown>;
}

export interface Listener {
  onEvent: (happening: Happening) => void;
  /** The stream is (again) there; what happened meanwhile is not repeated unless events carry ids. */
  onOpen: (again: boolean) => void;
  onLost: () => void;
}

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;

/**
 * Watch an event stream until `signal` aborts or it ends: it reconnects with `Last-Event-ID`, and renews the session.
 * `after` is the id of the last event that is known already.
 */
export async function watch(
  path: string,
  listener: Listener,
  signal: AbortSignal,
  after: string | null = null,
): Promise<void> {
  let pause = FIRST_PAUSE_MS;
  let last = after;
  let again = false;
  while (!signal.aborted) {
    try {
      const headers: Record<string, string> = {
        Accept: 'text/event-stream',
        ...(last ? { 'Last-Event-ID': last } : {}),
      };
      const request = new Request(new URL(path, window.location.origin), { headers, signal });
      const response = await authorized(request);
      if (!response.ok || !response.body) throw new Error(`stream answered ${response.status}`);
      listener.onOpen(again);
      again = true;
      pause = FIRST_PAUSE_MS;
      for await (const event of serverEvents(response.body as ReadableStream<Uint8Array<ArrayBuffer>>)) {
        last = event.id ?? last;
        if (event.kind === 'end') return;
        if (event.kind === 'reauth') {
          await renew();
          break;
        }
        listener.onEvent({ kind: event.kind, data: JSON.parse(event.data) as Record<string, unknown> });
      }
    } catch {
      if (signal.aborted) return;
      listener.onLost();
    }
    if (session().state === 'signed-out') return;
    await wait(pause * (0.5 + Math.random()), signal);
    pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
  }
}

function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
