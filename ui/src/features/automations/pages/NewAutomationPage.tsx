import { Button, Select, Stack, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { answer, api, onceKey } from '~/api/client';
import { fieldErrors } from '~/api/problem';
import { PageHeader } from '~/design/PageHeader';
import { done, failed } from '~/design/toast';
import { catalogQuery } from '~/features/catalog/queries';
import { automationKeys } from '../queries';

const FIRST_STEP = { id: 'result', type: 'transform', config: { value: '{{ trigger.data }}' } };

export function NewAutomationPage() {
  const { t } = useTranslation('automations');
  const navigate = useNavigate();
  const client = useQueryClient();
  const { data: catalog } = useQuery(catalogQuery());
  const form = useForm({
    initialValues: { name: '', trigger_type: 'webhook' },
    validate: { name: (value) => (value.trim() ? null : t('nameMissing')) },
  });
  const create = useMutation({
    mutationFn: ({ name, trigger_type }: typeof form.values) => {
      const example = catalog?.triggers.find((each) => each.name === trigger_type)?.example ?? {};
      return answer(
        api.POST('/api/automations', {
          params: { query: { as_draft: true } },
          headers: onceKey(),
          body: { name, trigger_type, trigger_config: example, actions: [FIRST_STEP], enabled: true },
        }),
      );
    },
    onSuccess: ({ id, name }) => {
      void client.invalidateQueries({ queryKey: automationKeys.all });
      done(t('created', { name }));
      void navigate({ to: '/automations/$automationId', params: { automationId: id } });
    },
    onError: (error) => {
      form.setErrors(fieldErrors(error));
      failed(error);
    },
  });
  return (
    <>
      <PageHeader title={t('newTitle')} description={t('newText')} />
      <form onSubmit={form.onSubmit((values) => create.mutate(values))} noValidate>
        <Stack maw={420} align="stretch">
          <TextInput label={t('name')} {...form.getInputProps('name')} />
          <Select
            label={t('startedBy')}
            allowDeselect={false}
            data={catalog?.triggers.map(({ name, title }) => ({ value: name, label: title })) ?? []}
            {...form.getInputProps('trigger_type')}
          />
          <Button type="submit" loading={create.isPending}>
            {t('createDraft')}
          </Button>
        </Stack>
      </form>
    </>
  );
}
