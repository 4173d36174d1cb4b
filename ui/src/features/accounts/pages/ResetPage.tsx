import { PasswordInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useMutation } from '@tanstack/react-query';
import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { answer, api } from '~/api/client';
import { fieldErrors } from '~/api/problem';
import { done } from '~/design/toast';
import { OutsideForm } from '../components/OutsideForm';

const route = getRouteApi('/outside/password/$token');
const SHORTEST_PASSWORD = 10;

export function ResetPage() {
  const { t } = useTranslation('accounts');
  const { token } = route.useParams();
  const navigate = useNavigate();
  const form = useForm({
    mode: 'uncontrolled',
    initialValues: { password: '' },
    validate: {
      password: (value) =>
        value.length < SHORTEST_PASSWORD ? t('passwordShort', { count: SHORTEST_PASSWORD }) : null,
    },
  });
  const reset = useMutation({
    mutationFn: ({ password }: { password: string }) =>
      answer(api.POST('/api/auth/password/reset', { body: { token, password } })),
    onSuccess: () => {
      done(t('resetDone'));
      void navigate({ to: '/login' });
    },
    onError: (error) => form.setErrors(fieldErrors(error)),
  });
  return (
    <OutsideForm
      title={t('resetTitle')}
      submit={t('resetSave')}
      isPending={reset.isPending}
      error={reset.error}
      onSubmit={form.onSubmit((values) => reset.mutate(values))}
    >
      <PasswordInput
        label={t('newPassword')}
        description={t('passwordHint', { count: SHORTEST_PASSWORD })}
        autoComplete="new-password"
        visibilityToggleButtonProps={{ 'aria-label': t('showPassword') }}
        key={form.key('password')}
        {...form.getInputProps('password')}
      />
    </OutsideForm>
  );
}
