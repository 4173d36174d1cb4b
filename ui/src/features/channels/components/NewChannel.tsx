import { Button, Modal, Stack, Switch, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { answer, api } from '~/api/client';
import { fieldErrors } from '~/api/problem';
import { failed } from '~/design/toast';
import { channelKeys } from '../queries';

export function NewChannel({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const { t } = useTranslation('channels');
  const client = useQueryClient();
  const navigate = useNavigate();
  const form = useForm({
    initialValues: { name: '', topic: '', is_open: true },
    validate: { name: (value) => (value.trim() ? null : t('nameMissing')) },
  });
  const make = useMutation({
    mutationFn: ({ name, ...rest }: typeof form.values) =>
      answer(
        api.POST('/api/channels', {
          body: { kind: 'room', members: [], ...rest, name: name.trim().replace(/^#/, '') },
        }),
      ),
    onSuccess: ({ id }) => {
      void client.invalidateQueries({ queryKey: channelKeys.all });
      form.reset();
      onClose();
      void navigate({ to: '/channels/$channelId', params: { channelId: id } });
    },
    onError: (error) => {
      const found = fieldErrors(error);
      form.setErrors(found);
      if (Object.keys(found).length === 0) failed(error);
    },
  });
  return (
    <Modal opened={opened} onClose={onClose} title={t('newRoom')} centered>
      <form onSubmit={form.onSubmit((values) => make.mutate(values))} noValidate>
        <Stack gap="sm">
          <TextInput label={t('name')} data-autofocus withAsterisk {...form.getInputProps('name')} />
          <TextInput label={t('topic')} {...form.getInputProps('topic')} />
          <Switch
            label={t('open')}
            description={t('openHint')}
            {...form.getInputProps('is_open', { type: 'checkbox' })}
          />
          <Button type="submit" loading={make.isPending} mt="xs">
            {t('make')}
          </Button>
        </Stack>
      </form>
    </Modal>
  );
}
