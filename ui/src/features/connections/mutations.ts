import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { answer, api, ifMatch, onceKey } from '~/api/client';
import type { components } from '~/api/schema';
import { done, failed } from '~/design/toast';
import { type Connection, connectionKeys } from './queries';

type Body = components['schemas']['ConnectionBody'];
type Patch = components['schemas']['ConnectionPatch'];

const at = (id: string) => ({ params: { path: { connection_id: id } } });

export function useCreateConnection(onCreated: (connection: Connection) => void) {
  const { t } = useTranslation('connections');
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: Body) => answer(api.POST('/api/connections', { body, headers: onceKey() })),
    onSuccess: async (connection) => {
      // The form that wants it shows its name at once.
      await client.invalidateQueries({ queryKey: connectionKeys.all });
      done(t('created', { name: connection.name }));
      onCreated(connection);
    },
  });
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
