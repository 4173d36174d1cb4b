import type { SignedIn } from '~/api/session';

const KEPT = 'vutler.onboarded';

/** Whether this person should see the first steps: once, and only where they may make something. */
export function wantsOnboarding({ user, workspace }: Pick<SignedIn, 'user' | 'workspace'>): boolean {
  return !user.onboarded_at && workspace.role !== 'viewer' && localStorage.getItem(KEPT) !== user.id;
}

/** Note on this device that they were seen, also where the server can't be told now. */
export function rememberOnboarded(userId: string): void {
  localStorage.setItem(KEPT, userId);
}
