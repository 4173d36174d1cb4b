import { useMutation, useQueryClient } from '@tanstack/react-query';
import { answer, api, type onceKey } from '~/api/client';
import type { components } from '~/api/schema';

export type Overrides = components['schemas']['OverridesBody'];

interface Order {
  slug: string;
  overrides: Partial<Overrides>;
  headers: ReturnType<typeof onceKey>;
}

/** Make the agent with everything that belongs to it, or nothing. */
export function useDeploy() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ slug, overrides, headers }: Order) =>
      answer(
        api.POST('/api/agents/from-template', {
          body: {
            template_slug: slug,
            overrides: { connections: {}, inputs: {}, enabled: true, ...overrides },
          },
          headers,
        }),
      ),
    onSuccess: () => {
      for (const feature of ['agents', 'automations', 'channels', 'templates']) {
        void client.invalidateQueries({ queryKey: [feature] });
      }
    },
  });
}
