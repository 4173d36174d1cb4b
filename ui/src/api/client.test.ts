import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { authorized } from './client';
import { Problem } from './problem';
import { enter, leave, renew, type SignedIn, session } from './session';

const SIGNED_IN = {
  access_token: 'first', expires_in: 600, token_type: 'bearer', user: { id: 'u' }, workspace: { id: 'w' },
} as unknown as SignedIn; // biome-ignore format: one line a thought

type Handler = (request: IncomingMessage, response: ServerResponse) => void;
let handler: Handler;
let server: Server;
let base: string;
const asked: string[] = [];
const browserFetch = globalThis.fetch;

beforeEach(async () => {
  asked.length = 0;
  server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url} ${request.headers.authorization ?? '-'}`);
    handler(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  // Pages live at the API's own origin; here the server's is put before relative addresses.
  globalThis.fetch = (input, init) => browserFetch(typeof input === 'string' ? base + input : input, init);
  enter(SIGNED_IN);
});

afterEach(() => {
  leave();
  globalThis.fetch = browserFetch;
  server.closeAllConnections();
  server.close();
});

function json(response: ServerResponse, status: number, body: unknown) {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
}

describe('the client', () => {
  it('renews the session once for all that wait, and asks again', async () => {
    handler = (request, response) => {
      if (request.url === '/api/auth/refresh') json(response, 200, { ...SIGNED_IN, access_token: 'second' });
      else json(response, request.headers.authorization === 'Bearer second' ? 200 : 401, {});
    };
    const answers = await Promise.all(
      ['a', 'b', 'c'].map((name) => authorized(new Request(`${base}/api/${name}`))),
    );
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(asked.filter((line) => line.startsWith('POST /api/auth/refresh'))).toHaveLength(1);
  });

  it('signs out when the session can not be renewed', async () => {
    handler = (_request, response) => json(response, 401, { code: 'session_missing' });
    expect((await authorized(new Request(`${base}/api/me`))).status).toBe(401);
    expect(session()).toEqual({ state: 'signed-out' });
  });

  it('leaves a refused sign-in to its page', async () => {
    handler = (_request, response) => json(response, 401, { code: 'credentials' });
    expect((await authorized(new Request(`${base}/api/auth/login`, { method: 'POST' }))).status).toBe(401);
    expect(asked).toHaveLength(1);
    expect(session().state).toBe('signed-in');
  });

  it('tells that nothing answers, and keeps the session', async () => {
    handler = (request) => request.socket.destroy();
    await expect(authorized(new Request(`${base}/api/me`))).rejects.toBeInstanceOf(Problem);
    expect(session().state).toBe('signed-in');
  });

  it('asks nobody where no session is expected', async () => {
    leave();
    expect((await renew()).state).toBe('signed-out');
    expect(asked).toHaveLength(0);
  });
});
