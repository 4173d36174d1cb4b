import { authorized } from './client';
import { problemOf } from './problem';

/** Send a file as it is, and read the answer. Throws `Problem`. */
export async function sendBytes<T>(method: 'POST' | 'PUT', path: string, file: Blob): Promise<T> {
  const headers = { 'Content-Type': file.type || 'application/octet-stream' };
  const request = new Request(new URL(path, window.location.origin), { method, body: file, headers });
  const response = await authorized(request);
  const body: unknown = await response.json().catch(() => null);
  if (!response.ok) throw problemOf(response, body);
  return body as T;
}

/** A file of ours; pictures need it, since an `img` sends no token. Throws `Problem`. */
export async function readBytes(path: string, signal?: AbortSignal): Promise<Blob> {
  const response = await authorized(new Request(new URL(path, window.location.origin), { signal }));
  if (!response.ok) throw problemOf(response, await response.json().catch(() => null));
  return response.blob();
}
