import { authorized, onceKey } from '~/api/client';
import { Problem, problemOf } from '~/api/problem';
import type { components } from '~/api/schema';
import { serverEvents } from '~/api/sse';

export type Answered = components['schemas']['ExecutedView'];

export interface Hearing {
  onRun: (runId: string) => void;
  onText: (text: string) => void;
  onTool: (name: string) => void;
}

/** Ask an agent, and hear the answer while it comes. Throws `Problem` with the agent's own words when it fails. */
export async function ask(
  agentId: string,
  question: { prompt: string; conversation: string },
  hearing: Hearing,
  signal: AbortSignal,
): Promise<Answered> {
  const request = new Request(new URL(`/api/agents/${agentId}/execute`, window.location.origin), {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Accept: 'text/event-stream', ...onceKey() },
    body: JSON.stringify({ ...question, stream: true }),
    signal,
  });
  const response = await authorized(request);
  if (!response.ok || !response.body) throw problemOf(response, await response.json().catch(() => null));
  for await (const { kind, data } of serverEvents(response.body as ReadableStream<Uint8Array<ArrayBuffer>>)) {
    const told = JSON.parse(data) as Record<string, unknown>;
    if (kind === 'run') hearing.onRun(String(told.run_id));
    else if (kind === 'text') hearing.onText(String(told.text ?? ''));
    else if (kind === 'tool') hearing.onTool(toolName(told.tool));
    else if (kind === 'done') return told as unknown as Answered;
    else if (kind === 'error') {
      throw new Problem(Number(told.status), String(told.code), String(told.detail ?? told.title ?? ''));
    }
  }
  throw new Problem(0, 'stream_ended', '');
}

function toolName(tool: unknown): string {
  if (typeof tool === 'string') return tool;
  return typeof tool === 'object' && tool !== null && 'name' in tool ? String(tool.name) : '';
}

/** What an agent answered, as text. */
export function textOf(output: unknown): string {
  return typeof output === 'string' ? output : JSON.stringify(output, null, 2);
}
