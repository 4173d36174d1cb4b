export interface ServerEvent {
  id: string | null;
  kind: string;
  data: string;
}

/** The events of a `text/event-stream` body (WHATWG HTML, 9.2.6), as they arrive. */
export async function* serverEvents(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
): AsyncGenerator<ServerEvent> {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  let event = empty();
  try {
    while (true) {
      const { done, value } = await reader.read();
      if (done) return;
      const lines = (rest + value).split(/\r\n|\n|\r(?!$)/);
      rest = lines.pop() ?? '';
      for (const line of lines) {
        if (line === '') {
          if (event.data) yield { ...event, data: event.data.slice(0, -1) };
          event = empty();
        } else {
          read(line, event);
        }
      }
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

function empty(): ServerEvent {
  return { id: null, kind: 'message', data: '' };
}

function read(line: string, event: ServerEvent): void {
  const colon = line.indexOf(':');
  const field = colon < 0 ? line : line.slice(0, colon);
  const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
  if (field === 'event') event.kind = value;
  else if (field === 'data') event.data += `${value}\n`;
  else if (field === 'id') event.id = value;
}
