import { Alert, Button, Divider, Group, PasswordInput, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useMutation, useQuery } from '@tanstack/react-query';
import { getRouteApi, Navigate } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { answer, api } from '~/api/client';
import { fieldErrors } from '~/api/problem';
import { expectSession } from '~/api/session';
import { AnchorLink } from '~/design/links';
import { OutsideForm } from '../components/OutsideForm';
import { useArrival } from '../components/useArrival';
import { optionsQuery } from '../queries';

const route = getRouteApi('/outside/login');

export function SignInPage() {
  const { t } = useTranslation('accounts');
  const search = route.useSearch();
  const arrive = useArrival(search.next);
  const { data: options } = useQuery(optionsQuery());
  const form = useForm({
    mode: 'uncontrolled',
    initialValues: { email: '', password: '' },
    validate: {
      email: (value) => (value.includes('@') ? null : t('emailMissing')),
      password: (value) => (value ? null : t('passwordMissing')),
    },
  });
  const signIn = useMutation({
    mutationFn: (body: { email: string; password: string }) =>
      answer(api.POST('/api/auth/login', { body: { ...body, invitation: search.invitation ?? null } })),
    onSuccess: (signedIn) => arrive(signedIn),
    onError: (error) => form.setErrors(fieldErrors(error)),
  });
  if (options?.first_run) return <Navigate to="/register" replace />;
  const provider = options?.oidc;
  const start =
    provider && `${provider.start_url}?${new URLSearchParams({ next: search.next ?? '/automations' })}`;
  return (
    <OutsideForm
      title={t('signIn')}
      submit={t('signIn')}
      isPending={signIn.isPending}
      error={signIn.error}
      onSubmit={form.onSubmit((values) => signIn.mutate(values))}
      foot={
        <>
          {provider && (
            <>
              <Divider label={t('or')} />
              <Button component="a" href={start ?? undefined} onClick={expectSession} variant="default">
                {t('signInWith', { provider: provider.label })}
              </Button>
            </>
          )}
          {options?.signup === 'open' && (
            <Text fz="sm" ta="center" c="dimmed">
              {t('noAccount')}{' '}
              <AnchorLink
                to="/register"
                search={{ next: search.next, invitation: search.invitation }}
                fz="sm"
              >
                {t('register')}
              </AnchorLink>
            </Text>
          )}
        </>
      }
    >
      {search.error && (
        <Alert color="red" variant="light" py="xs" role="alert">
          {t('providerFailed', { code: search.error })}
        </Alert>
      )}
      <TextInput
        label={t('email')}
        type="email"
        autoComplete="username"
        key={form.key('email')}
        {...form.getInputProps('email')}
      />
      <PasswordInput
        label={t('password')}
        autoComplete="current-password"
        visibilityToggleButtonProps={{ 'aria-label': t('showPassword') }}
        key={form.key('password')}
        {...form.getInputProps('password')}
      />
      <Group justify="flex-end" mt={-6}>
        <AnchorLink to="/password/forgot" fz="xs">
          {t('forgotLink')}
        </AnchorLink>
      </Group>
    </OutsideForm>
  );
}
