import { Button, Skeleton, Stack, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { answer, api } from '~/api/client';
import { fieldErrors } from '~/api/problem';
import type { components } from '~/api/schema';
import { PageHeader } from '~/design/PageHeader';
import { done, failed } from '~/design/toast';
import { accountKeys, meQuery } from '~/features/accounts/queries';

export function SettingsPage() {
  const { t } = useTranslation('settings');
  const { data } = useQuery(meQuery());
  return (
    <>
      <PageHeader title={t('title')} />
      {data ? <Profile user={data.user} /> : <Skeleton height={160} maw={420} />}
    </>
  );
}

function Profile({ user }: { user: components['schemas']['UserView'] }) {
  const { t } = useTranslation('settings');
  const client = useQueryClient();
  const form = useForm({ initialValues: { name: user.name, timezone: user.timezone } });
  const save = useMutation({
    mutationFn: (body: typeof form.values) => answer(api.PATCH('/api/me', { body })),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: accountKeys.me });
      done(t('saved'));
    },
    onError: (error) => {
      form.setErrors(fieldErrors(error));
      failed(error);
    },
  });
  return (
    <form onSubmit={form.onSubmit((values) => save.mutate(values))}>
      <Stack maw={420}>
        <TextInput label={t('name')} {...form.getInputProps('name')} />
        <TextInput label={t('email')} value={user.email} readOnly />
        <TextInput label={t('timezone')} {...form.getInputProps('timezone')} />
        <Button type="submit" loading={save.isPending}>
          {t('save')}
        </Button>
      </Stack>
    </form>
  );
}
