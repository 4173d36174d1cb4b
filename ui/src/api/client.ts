import createClient from 'openapi-fetch';
import { Problem, problemOf } from './problem';
import type { paths } from './schema';
import { forgetWorkspace, renew, session } from './session';

/** Addresses that take no token: a 401 of theirs is an answer, not an end of the session. */
const OPEN =
  /^\/api\/(?:auth\/(?:login|logout|register|refresh|options|password|email\/verify)|invitations\/[^/]+$|approvals\/by-token\/)/;

function signed(request: Request): Request {
  const now = session();
  const copy = request.clone();
  if (now.state === 'signed-in') {
    copy.headers.set('Authorization', `Bearer ${now.token}`);
    copy.headers.set('X-Workspace-Id', now.workspaceId);
  }
  copy.headers.set('Accept-Language', document.documentElement.lang || 'en');
  return copy;
}

/** `fetch` that is signed, and that renews the session once when it has ended. Throws `Problem` when out of reach. */
export async function authorized(request: Request): Promise<Response> {
  try {
    if (OPEN.test(new URL(request.url).pathname)) return await fetch(signed(request));
    if (session().state === 'unknown') await renew();
    if (session().state === 'signed-out') throw new Problem(401, 'signed_out', 'You are signed out.');
    const answer = await fetch(signed(request));
    if (answer.status !== 401 || session().state !== 'signed-in') return answer;
    return (await renew()).state === 'signed-in' ? await fetch(signed(request)) : answer;
  } catch (error) {
    if (error instanceof Problem || (error instanceof DOMException && error.name === 'AbortError'))
      throw error;
    throw new Problem(0, 'unreachable', 'Vutler cannot be reached.');
  }
}

/** The API, typed by its OpenAPI schema. Use with `answer`: `answer(api.GET('/api/me'))`. */
export const api = createClient<paths>({ baseUrl: window.location.origin, fetch: authorized });

interface Told<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** What the API gave. Throws `Problem` when it refused or can't be reached. */
export async function answer<T>(told: Promise<Told<T>>): Promise<T> {
  const { data, error, response } = await told;
  if (response.ok) return data as T;
  const problem = problemOf(response, error);
  if (problem.code === 'workspace_not_found') forgetWorkspace();
  throw problem;
}

/** The headers that make a write fail with 412 when somebody else wrote since `etag` was read. */
export function ifMatch(etag: string | null | undefined): Record<string, string> {
  return etag ? { 'If-Match': etag } : {};
}

/** The header under which a repeated POST is done once; make it when the person acts, not when it is sent. */
export function onceKey(): Record<string, string> {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return { 'Idempotency-Key': Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('') };
}
