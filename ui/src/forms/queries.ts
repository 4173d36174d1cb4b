import { queryOptions } from '@tanstack/react-query';
import { answer, api } from '~/api/client';
import type { Reference } from './schema';

/** Something of the workspace that a field may name. */
export interface Named {
  /** What is stored. */
  value: string;
  label: string;
  note: string | null;
  /** Other names that it goes by in what is stored already. */
  also: string[];
  /** Of a connection: its kind. */
  kind: string | null;
}

const limit = 200;

async function connections(signal: AbortSignal): Promise<Named[]> {
  const { items } = await answer(api.GET('/api/connections', { params: { query: { limit } }, signal }));
  return items.map(({ id, name, kind }) => ({ value: id, label: name, note: null, also: [name], kind }));
}

async function agents(signal: AbortSignal): Promise<Named[]> {
  const { items } = await answer(api.GET('/api/agents', { params: { query: { limit } }, signal }));
  return items.map(({ id, slug, name }) => ({
    value: slug,
    label: name,
    note: slug,
    also: [id, name],
    kind: null,
  }));
}

async function channels(signal: AbortSignal): Promise<Named[]> {
  const { items } = await answer(api.GET('/api/channels', { params: { query: { limit } }, signal }));
  return items.map(({ id, name, topic }) => {
    const unique = items.filter((other) => other.name === name).length === 1;
    return { value: unique ? name : id, label: name, note: topic || null, also: [id, name], kind: null };
  });
}

async function automations(signal: AbortSignal): Promise<Named[]> {
  const { items } = await answer(api.GET('/api/automations', { params: { query: { limit } }, signal }));
  return items.map(({ id, name }) => ({ value: id, label: name, note: null, also: [name], kind: null }));
}

const READERS = {
  connection: connections,
  agent: agents,
  channel: channels,
  automation: automations,
} as const;

export function namedQuery(of: Reference) {
  return queryOptions({
    queryKey: [`${of}s`, 'named'] as const,
    queryFn: ({ signal }) => READERS[of](signal),
    staleTime: 15_000,
  });
}
