import { useSyncExternalStore } from 'react';

/** Secrets that this tab was just told, by the automation: an answer shows one once, and no other ever does. */
const told = new Map<string, string>();
const hearers = new Set<() => void>();

/** Keep the secret of a webhook that was just made, so that its panel can show it; null: it was seen. */
export function tellSecret(automationId: string, secret: string | null): void {
  if (secret === null) told.delete(automationId);
  else told.set(automationId, secret);
  for (const hear of hearers) hear();
}

/** What a write answered: where it made a secret, this is the only time that it is told. */
export function tellSecretOf({ id, webhook }: { id: string; webhook: object | null }): void {
  if (webhook && 'secret' in webhook && typeof webhook.secret === 'string') tellSecret(id, webhook.secret);
}

export function useToldSecret(automationId: string): string | null {
  return useSyncExternalStore(
    (hear) => {
      hearers.add(hear);
      return () => hearers.delete(hear);
    },
    () => told.get(automationId) ?? null,
  );
}
