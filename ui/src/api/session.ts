import { useSyncExternalStore } from 'react';
import { Problem, problemOf } from './problem';
import type { components } from './schema';

export type SignedIn = components['schemas']['SignedInView'];

/** Whose browser this is. The access token lives in memory alone; the refresh token is a cookie no script can read. */
export type Session =
  | { state: 'unknown' }
  | { state: 'signed-out' }
  | { state: 'signed-in'; token: string; userId: string; workspaceId: string };

const WORKSPACE = 'vutler.workspace';
const EXPECTED = 'vutler.session';

let current: Session = { state: 'unknown' };
let renewing: Promise<Session> | null = null;
const listeners = new Set<() => void>();

export function session(): Session {
  return current;
}

export function useSession(): Session {
  return useSyncExternalStore(subscribeSession, session);
}

export function subscribeSession(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function become(next: Session): Session {
  current = next;
  for (const listener of listeners) listener();
  return next;
}

/** Take the answer of sign-in, registration or renewal. */
export function enter(answer: SignedIn, workspaceId?: string): Session {
  expectSession();
  const wanted = workspaceId ?? remembered(answer.user.id) ?? answer.workspace.id;
  return become({
    state: 'signed-in',
    token: answer.access_token,
    userId: answer.user.id,
    workspaceId: wanted,
  });
}

export function leave(): void {
  localStorage.removeItem(EXPECTED);
  become({ state: 'signed-out' });
}

/** Note that this browser may hold the cookie: without the note nobody asks, and no first visit begins with a refusal. */
export function expectSession(): void {
  localStorage.setItem(EXPECTED, 'yes');
}

/** Whether this browser may hold the cookie. */
export function isExpected(): boolean {
  return localStorage.getItem(EXPECTED) !== null;
}

/** Work in another workspace from now on; the choice is kept for this person on this device. */
export function chooseWorkspace(workspaceId: string): void {
  if (current.state !== 'signed-in') return;
  localStorage.setItem(WORKSPACE, `${current.userId} ${workspaceId}`);
  become({ ...current, workspaceId });
}

export function forgetWorkspace(): void {
  localStorage.removeItem(WORKSPACE);
}

function remembered(userId: string): string | null {
  const [user, workspace] = (localStorage.getItem(WORKSPACE) ?? '').split(' ');
  return user === userId && workspace ? workspace : null;
}

/** Renew the access token by the cookie: one request, for however many wait. Throws `Problem` when out of reach. */
export function renew(): Promise<Session> {
  renewing ??= ask().finally(() => {
    renewing = null;
  });
  return renewing;
}

async function ask(): Promise<Session> {
  if (!isExpected()) return become({ state: 'signed-out' });
  let response: Response;
  try {
    response = await fetch('/api/auth/refresh', { method: 'POST' });
  } catch {
    throw new Problem(0, 'unreachable', 'Vutler cannot be reached.');
  }
  if (response.ok) return enter((await response.json()) as SignedIn);
  if (response.status === 401 || response.status === 403) {
    leave();
    return current;
  }
  throw problemOf(response, await response.json().catch(() => null));
}
