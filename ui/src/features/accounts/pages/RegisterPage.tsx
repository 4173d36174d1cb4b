import { Alert, PasswordInput, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useMutation, useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { answer, api } from '~/api/client';
import { fieldErrors } from '~/api/problem';
import { AnchorLink } from '~/design/links';
import { language } from '~/i18n/language';
import { OutsideForm } from '../components/OutsideForm';
import { useArrival } from '../components/useArrival';
import { invitationQuery, optionsQuery } from '../queries';

const route = getRouteApi('/outside/register');
const SHORTEST_PASSWORD = 10;

export function RegisterPage() {
  const { t } = useTranslation('accounts');
  const { invitation, next } = route.useSearch();
  const arrive = useArrival(next);
  const { data: options } = useQuery(optionsQuery());
  const { data: offer } = useQuery({ ...invitationQuery(invitation ?? ''), enabled: Boolean(invitation) });
  const form = useForm({
    mode: 'uncontrolled',
    initialValues: { name: '', email: '', password: '', workspace_name: '' },
    validate: {
      name: (value) => (value.trim() ? null : t('nameMissing')),
      email: (value) => (offer || value.includes('@') ? null : t('emailMissing')),
      password: (value) =>
        value.length < SHORTEST_PASSWORD ? t('passwordShort', { count: SHORTEST_PASSWORD }) : null,
    },
  });
  const register = useMutation({
    mutationFn: async (values: typeof form.values) => {
      const signedIn = await answer(
        api.POST('/api/auth/register', {
          body: {
            name: values.name,
            email: offer?.email ?? values.email,
            password: values.password,
            workspace_name: values.workspace_name.trim() || null,
            invitation: invitation ?? null,
          },
        }),
      );
      return signedIn;
    },
    onSuccess: async (signedIn) => {
      const spoken = language();
      const timezone = Intl.DateTimeFormat().resolvedOptions().timeZone || signedIn.user.timezone;
      await arrive({ ...signedIn, user: { ...signedIn.user, locale: spoken, timezone } });
      if (spoken !== signedIn.user.locale || timezone !== signedIn.user.timezone) {
        await answer(api.PATCH('/api/me', { body: { locale: spoken, timezone } })).catch(() => undefined);
      }
    },
    onError: (error) => form.setErrors(fieldErrors(error)),
  });
  const closed = options && options.signup === 'closed' && !invitation;
  return (
    <OutsideForm
      title={options?.first_run ? t('firstRunTitle') : t('registerTitle')}
      description={
        options?.first_run ? t('firstRunText') : offer && t('joins', { workspace: offer.workspace_name })
      }
      submit={t('register')}
      isPending={register.isPending}
      error={register.error}
      onSubmit={form.onSubmit((values) => register.mutate(values))}
      foot={
        !options?.first_run && (
          <Text fz="sm" ta="center" c="dimmed">
            {t('haveAccount')}{' '}
            <AnchorLink to="/login" search={{ next, invitation }} fz="sm">
              {t('signIn')}
            </AnchorLink>
          </Text>
        )
      }
    >
      {closed && (
        <Alert color="yellow" variant="light" py="xs">
          {t('closed')}
        </Alert>
      )}
      <TextInput
        label={t('name')}
        autoComplete="name"
        key={form.key('name')}
        {...form.getInputProps('name')}
      />
      {offer ? (
        <TextInput label={t('email')} value={offer.email} readOnly />
      ) : (
        <TextInput
          label={t('email')}
          type="email"
          autoComplete="username"
          key={form.key('email')}
          {...form.getInputProps('email')}
        />
      )}
      <PasswordInput
        label={t('password')}
        description={t('passwordHint', { count: SHORTEST_PASSWORD })}
        autoComplete="new-password"
        visibilityToggleButtonProps={{ 'aria-label': t('showPassword') }}
        key={form.key('password')}
        {...form.getInputProps('password')}
      />
      {!invitation && (
        <TextInput
          label={t('workspaceName')}
          placeholder={t('workspacePlaceholder')}
          key={form.key('workspace_name')}
          {...form.getInputProps('workspace_name')}
        />
      )}
    </OutsideForm>
  );
}
