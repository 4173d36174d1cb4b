import { beforeEach, describe, expect, it } from 'vitest';
import type { SignedIn } from '~/api/session';
import { rememberOnboarded, wantsOnboarding } from './onboarded';

function person(role: string, onboarded_at: string | null = null) {
  return { user: { id: 'ada', onboarded_at }, workspace: { role } } as Pick<SignedIn, 'user' | 'workspace'>;
}

describe('the first steps', () => {
  beforeEach(() => localStorage.clear());

  it('are for who is new and may make something', () => {
    expect(wantsOnboarding(person('owner'))).toBe(true);
    expect(wantsOnboarding(person('viewer'))).toBe(false);
    expect(wantsOnboarding(person('owner', '2026-01-01T00:00:00Z'))).toBe(false);
  });

  it('are shown once on a device', () => {
    rememberOnboarded('ada');
    expect(wantsOnboarding(person('owner'))).toBe(false);
  });
});
