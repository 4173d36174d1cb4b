import { MantineProvider } from '@mantine/core';
import { Notifications } from '@mantine/notifications';
import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { useEffect } from 'react';
import { queryClient } from '~/api/queryClient';
import { session, subscribeSession } from '~/api/session';
import { theme, variables } from '~/design/theme';
import { router } from './router';

/** Whoever is signed out elsewhere, or whose session ended, signs in and comes back to where they were. */
function useSessionEnd() {
  useEffect(() => {
    let before = session();
    return subscribeSession(() => {
      const now = session();
      if (before.state === 'signed-in' && now.state === 'signed-out') {
        queryClient.clear();
        const next = router.state.location.href;
        void router.navigate({ to: '/login', search: next === '/' ? {} : { next } });
      }
      if (
        now.state === 'signed-in' &&
        before.state === 'signed-in' &&
        now.workspaceId !== before.workspaceId
      ) {
        queryClient.clear();
      }
      before = now;
    });
  }, []);
}

export function Providers() {
  useSessionEnd();
  return (
    <MantineProvider theme={theme} cssVariablesResolver={variables} defaultColorScheme="auto">
      <QueryClientProvider client={queryClient}>
        <Notifications position="bottom-right" limit={4} autoClose={8000} />
        <RouterProvider router={router} />
      </QueryClientProvider>
    </MantineProvider>
  );
}
