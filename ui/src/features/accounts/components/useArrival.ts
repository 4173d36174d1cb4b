import { useQueryClient } from '@tanstack/react-query';
import { useRouter } from '@tanstack/react-router';
import { enter, type SignedIn } from '~/api/session';
import { wantsOnboarding } from '~/features/onboarding/onboarded';
import { changeLanguage } from '~/i18n/language';

/** What follows a successful sign-in or registration: the session begins, and one is where one wanted to be. */
export function useArrival(next: string | undefined) {
  const router = useRouter();
  const client = useQueryClient();
  return async (signedIn: SignedIn, workspaceId?: string) => {
    client.clear();
    enter(signedIn, workspaceId);
    const { locale } = signedIn.user;
    if (locale === 'fr') await changeLanguage(locale);
    router.history.push(next ?? (wantsOnboarding(signedIn) ? '/onboarding' : '/automations'));
  };
}
