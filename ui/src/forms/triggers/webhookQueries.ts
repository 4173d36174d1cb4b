import { keepPreviousData, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { answer, api, onceKey } from '~/api/client';
import type { components } from '~/api/schema';
import { failed } from '~/design/toast';

export type WebhookState = components['schemas']['WebhookStateView'];
export type Capture = components['schemas']['CaptureView'];
export type Delivery = components['schemas']['DeliveryView'];
export type Rotated = components['schemas']['RotatedView'];

const at = (id: string) => ({ params: { path: { automation_id: id } } });

// They begin with `automations` and `runs` so that what happens to those has them read again.
export const webhookKeys = {
  state: (id: string) => ['automations', 'webhook', id] as const,
  capture: (id: string) => ['automations', 'capture', id] as const,
  deliveries: (id: string) => ['runs', 'deliveries', id] as const,
};

export function webhookQuery(id: string, draft: unknown) {
  return queryOptions({
    queryKey: [...webhookKeys.state(id), draft ?? null] as const,
    queryFn: ({ signal }) =>
      answer(api.GET('/api/automations/{automation_id}/webhook', { ...at(id), signal })),
    placeholderData: keepPreviousData,
    retry: false,
  });
}

const ARMED_MS = 2000;

export function captureQuery(id: string) {
  return queryOptions({
    queryKey: webhookKeys.capture(id),
    queryFn: ({ signal }) =>
      answer(api.GET('/api/automations/{automation_id}/capture', { ...at(id), signal })),
    refetchInterval: (query) => (query.state.data?.state === 'armed' ? ARMED_MS : false),
    retry: false,
  });
}

const SHOWN = 20;

export function deliveriesQuery(id: string) {
  return queryOptions({
    queryKey: webhookKeys.deliveries(id),
    queryFn: ({ signal }) =>
      answer(api.GET('/api/deliveries', { params: { query: { automation_id: id, limit: SHOWN } }, signal })),
  });
}

export function useRotateSecret(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: { keep_old_s: number; secret?: string }) =>
      answer(api.POST('/api/automations/{automation_id}/webhook/rotate', { ...at(id), body })),
    onSuccess: () => client.invalidateQueries({ queryKey: webhookKeys.state(id) }),
  });
}

export function useArm(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => answer(api.POST('/api/automations/{automation_id}/capture', at(id))),
    onSuccess: (capture) => client.setQueryData(webhookKeys.capture(id), capture),
    onError: (error) => failed(error),
  });
}

export function useRedeliver(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (delivery: string) =>
      answer(
        api.POST('/api/deliveries/{delivery_id}/redeliver', {
          params: { path: { delivery_id: delivery } },
          headers: onceKey(),
        }),
      ),
    onSuccess: () => client.invalidateQueries({ queryKey: webhookKeys.deliveries(id) }),
    onError: (error) => failed(error),
  });
}
