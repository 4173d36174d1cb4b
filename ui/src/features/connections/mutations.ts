import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { answer, api, ifMatch, onceKey } from '~/api/client';
import type { components } from '~/api/schema';
import { done, failed } from '~/design/toast';
import { type Connection, type ConnectionKind, connectionKeys } from './queries';

type Body = components['schemas']['ConnectionBody'];
type Patch = components['schemas']['ConnectionPatch'];

const at = (id: string) => ({ params: { path: { connection_id: id } } });

/** A provider of models agents can use at once: where no default model was typed, it is one that is offered. */
export function useCreateConnection(kind: ConnectionKind, onCreated: (connection: Connection) => void) {
  const { t } = useTranslation('connections');
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (body: Body) => {
      const made = await answer(api.POST('/api/connections', { body, headers: onceKey() }));
      return { made, model: await modelFor(kind, made, body.fields) };
    },
    onSuccess: async ({ made, model }) => {
      // The form that wants it shows its name at once.
      await client.invalidateQueries({ queryKey: connectionKeys.all });
      for (const feature of ['agents', 'templates']) void client.invalidateQueries({ queryKey: [feature] });
      done(model ? t('createdModel', { name: made.name, model }) : t('created', { name: made.name }));
      onCreated(made);
    },
  });
}

async function modelFor(kind: ConnectionKind, made: Connection, fields: Body['fields']) {
  const asked = (kind.fields_schema.properties ?? {}) as Record<string, { examples?: unknown[] }>;
  if (kind.purpose !== 'model' || !asked.default_model || fields?.default_model) return null;
  try {
    const offered = await answer(api.GET('/api/connections/{connection_id}/models', at(made.id)));
    const usual = asked.default_model.examples?.[0];
    const model = offered.items.find(({ name }) => name === usual)?.name ?? offered.items[0]?.name;
    if (!model) return null;
    const body = { fields: { default_model: model } };
    await answer(api.PATCH('/api/connections/{connection_id}', { ...at(made.id), body }));
    return model;
  } catch {
    return null; // it is saved; a model can be chosen for each agent
  }
}

/** Ask the service with what is typed, before anything is saved. */
export function useTryConnection() {
  return useMutation({
    mutationFn: (body: Body) => answer(api.POST('/api/connections/test', { body })),
  });
}

export function useTestConnection() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => answer(api.POST('/api/connections/{connection_id}/test', at(id))),
    onSuccess: () => client.invalidateQueries({ queryKey: connectionKeys.all }),
    onError: (error) => failed(error),
  });
}

export function useChangeConnection(id: string, etag: string | null) {
  const { t } = useTranslation('connections');
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: Patch) =>
      answer(api.PATCH('/api/connections/{connection_id}', { ...at(id), body, headers: ifMatch(etag) })),
    onSuccess: async ({ name }) => {
      await client.invalidateQueries({ queryKey: connectionKeys.all });
      done(t('saved', { name }));
    },
  });
}

export function useRotate(id: string) {
  const { t } = useTranslation('connections');
  const client = useQueryClient();
  return useMutation({
    mutationFn: (secrets: components['schemas']['api__connections__RotateBody']['secrets']) =>
      answer(api.POST('/api/connections/{connection_id}/rotate', { ...at(id), body: { secrets } })),
    onSuccess: async ({ name }) => {
      await client.invalidateQueries({ queryKey: connectionKeys.all });
      done(t('rotated', { name }));
    },
  });
}

export function useDeleteConnection() {
  const { t } = useTranslation('connections');
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ connection, force }: { connection: Connection; force: boolean }) =>
      answer(
        api.DELETE('/api/connections/{connection_id}', {
          params: { path: { connection_id: connection.id }, query: { force } },
        }),
      ),
    onSuccess: (_gone, { connection }) => {
      // Not the page of what is gone: it would ask for it once more before it is left.
      void client.invalidateQueries({
        queryKey: connectionKeys.all,
        predicate: ({ queryKey }) => !queryKey.includes(connection.id),
      });
      done(t('deleted', { name: connection.name }));
    },
  });
}
