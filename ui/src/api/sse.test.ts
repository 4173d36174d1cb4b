import { describe, expect, it } from 'vitest';
import { type ServerEvent, serverEvents } from './sse';

async function events(...parts: string[]): Promise<ServerEvent[]> {
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start(controller) {
      for (const part of parts) controller.enqueue(new TextEncoder().encode(part));
      controller.close();
    },
  });
  const found: ServerEvent[] = [];
  for await (const event of serverEvents(body)) found.push(event);
  return found;
}

describe('an event stream', () => {
  it('is read however it is cut', async () => {
    const whole = ': hello\n\nid: 3\nevent: run\ndata: {"a":1}\n\ndata: x\ndata: y\n\n';
    const wanted = [
      { id: '3', kind: 'run', data: '{"a":1}' },
      { id: null, kind: 'message', data: 'x\ny' },
    ];
    expect(await events(whole)).toEqual(wanted);
    expect(await events(...whole)).toEqual(wanted);
  });

  it('leaves out an event that was cut off', async () => {
    expect(await events('event: run\ndata: {"a"')).toEqual([]);
  });
});
