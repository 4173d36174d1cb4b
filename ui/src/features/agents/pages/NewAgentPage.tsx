import { Button, Stack, Textarea, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { answer, api, onceKey } from '~/api/client';
import { fieldErrors } from '~/api/problem';
import { PageHeader } from '~/design/PageHeader';
import { done, failed } from '~/design/toast';
import { agentKeys } from '../queries';

export function NewAgentPage() {
  const { t } = useTranslation('agents');
  const navigate = useNavigate();
  const client = useQueryClient();
  const form = useForm({
    initialValues: { name: '', description: '', instructions: '' },
    validate: { name: (value) => (value.trim() ? null : t('nameMissing')) },
  });
  const create = useMutation({
    mutationFn: (body: typeof form.values) => answer(api.POST('/api/agents', { body, headers: onceKey() })),
    onSuccess: ({ id, name }) => {
      void client.invalidateQueries({ queryKey: agentKeys.all });
      done(t('created', { name }));
      void navigate({ to: '/agents/$agentId', params: { agentId: id } });
    },
    onError: (error) => {
      form.setErrors(fieldErrors(error));
      failed(error);
    },
  });
  return (
    <>
      <PageHeader title={t('newTitle')} />
      <form onSubmit={form.onSubmit((values) => create.mutate(values))} noValidate>
        <Stack maw={520}>
          <TextInput label={t('name')} {...form.getInputProps('name')} />
          <TextInput label={t('description')} {...form.getInputProps('description')} />
          <Textarea label={t('instructions')} autosize minRows={5} {...form.getInputProps('instructions')} />
          <Button type="submit" loading={create.isPending}>
            {t('create')}
          </Button>
        </Stack>
      </form>
    </>
  );
}
