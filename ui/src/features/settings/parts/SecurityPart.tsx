import { Button, Divider, PasswordInput, Stack, Text, Title } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useMutation } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { answer, api } from '~/api/client';
import { fieldErrors } from '~/api/problem';
import { leave } from '~/api/session';
import { done, failed } from '~/design/toast';
import { Confirm } from './Confirm';
import type { PartProps } from './props';

const SHORTEST = 10;

/** The password, and the sessions of other devices. */
export function SecurityPart({ me: { user } }: PartProps) {
  const { t } = useTranslation('settings');
  const form = useForm({
    initialValues: { current_password: '', password: '' },
    validate: {
      password: (value) => (value.length < SHORTEST ? t('passwordShort', { count: SHORTEST }) : null),
    },
  });
  const change = useMutation({
    mutationFn: (body: typeof form.values) => answer(api.PATCH('/api/me', { body })),
    onSuccess: () => {
      form.reset();
      done(t('passwordChanged'));
    },
    onError: (error) => {
      const found = fieldErrors(error);
      form.setErrors(found);
      if (Object.keys(found).length === 0) failed(error);
    },
  });
  const everywhere = useMutation({
    mutationFn: () => answer(api.POST('/api/auth/logout', { params: { query: { everywhere: true } } })),
    onSuccess: leave,
    onError: (error) => failed(error),
  });
  const eye = { visibilityToggleButtonProps: { 'aria-label': t('showPassword') } };
  return (
    <Stack maw={440} gap="lg">
      <form onSubmit={form.onSubmit((values) => change.mutate(values))} noValidate>
        <Stack>
          <Title order={2}>{t('password')}</Title>
          <input type="hidden" name="username" autoComplete="username" value={user.email} readOnly />
          <PasswordInput
            label={t('currentPassword')}
            autoComplete="current-password"
            {...eye}
            {...form.getInputProps('current_password')}
          />
          <PasswordInput
            label={t('newPassword')}
            description={t('passwordHint', { count: SHORTEST })}
            autoComplete="new-password"
            {...eye}
            {...form.getInputProps('password')}
          />
          <Button type="submit" w="fit-content" loading={change.isPending} disabled={!form.isDirty()}>
            {t('changePassword')}
          </Button>
        </Stack>
      </form>
      <Divider />
      <Stack gap="xs">
        <Title order={2}>{t('sessions')}</Title>
        <Text fz="sm" c="dimmed">
          {t('sessionsText')}
        </Text>
        <Confirm
          label={t('everywhere')}
          title={t('everywhereTitle')}
          text={t('everywhereText')}
          isPending={everywhere.isPending}
          onConfirm={() => everywhere.mutate()}
        />
      </Stack>
    </Stack>
  );
}
