import { Alert, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { answer, api } from '~/api/client';
import { fieldErrors } from '~/api/problem';
import { AnchorLink } from '~/design/links';
import { OutsideForm } from '../components/OutsideForm';
import { optionsQuery } from '../queries';

export function ForgotPage() {
  const { t } = useTranslation('accounts');
  const { data: options } = useQuery(optionsQuery());
  const form = useForm({
    mode: 'uncontrolled',
    initialValues: { email: '' },
    validate: { email: (value) => (value.includes('@') ? null : t('emailMissing')) },
  });
  const ask = useMutation({
    mutationFn: (body: { email: string }) => answer(api.POST('/api/auth/password/forgot', { body })),
    onError: (error) => form.setErrors(fieldErrors(error)),
  });
  return (
    <OutsideForm
      title={t('forgotTitle')}
      description={t('forgotText')}
      submit={t('forgotSend')}
      isPending={ask.isPending}
      error={ask.error}
      onSubmit={form.onSubmit((values) => ask.mutate(values))}
      foot={
        <AnchorLink to="/login" fz="sm" ta="center">
          {t('backToSignIn')}
        </AnchorLink>
      }
    >
      {ask.isSuccess && (
        <Alert color="teal" variant="light" py="xs" role="status">
          {options?.password_reset ? t('forgotSent') : t('forgotAskOperator')}
        </Alert>
      )}
      <TextInput
        label={t('email')}
        type="email"
        autoComplete="username"
        key={form.key('email')}
        {...form.getInputProps('email')}
      />
    </OutsideForm>
  );
}
