import { Button, Stack, Text, TextInput, Title } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { answer, api, onceKey } from '~/api/client';
import { fieldErrors } from '~/api/problem';
import { chooseWorkspace } from '~/api/session';
import { Facts } from '~/design/Facts';
import { done, failed } from '~/design/toast';
import { accountKeys } from '~/features/accounts/queries';
import { creditsQuery } from '../queries';
import { isAdmin, type PartProps } from './props';

/** Its name, its plan with what it keeps and allows, and another one. */
export function WorkspacePart({ me }: PartProps) {
  const { t, i18n } = useTranslation('settings');
  const client = useQueryClient();
  const { data: credits } = useQuery(creditsQuery());
  const count = new Intl.NumberFormat(i18n.language);
  const limit = (value: number | null | undefined) =>
    value === null || value === undefined ? t('noLimit') : count.format(value);
  const form = useForm({ initialValues: { name: me.workspace.name } });
  const rename = useMutation({
    mutationFn: (body: typeof form.values) =>
      answer(
        api.PATCH('/api/workspaces/{workspace_id}', {
          params: { path: { workspace_id: me.workspace.id } },
          body,
        }),
      ),
    onSuccess: () => {
      form.resetDirty();
      void client.invalidateQueries({ queryKey: accountKeys.me });
      done(t('workspaceSaved'));
    },
    onError: (error) => {
      form.setErrors(fieldErrors(error));
      failed(error);
    },
  });
  return (
    <Stack gap="xl">
      <form onSubmit={form.onSubmit((values) => rename.mutate(values))}>
        <Stack maw={440}>
          <TextInput label={t('workspaceName')} readOnly={!isAdmin(me)} {...form.getInputProps('name')} />
          {isAdmin(me) && (
            <Button type="submit" w="fit-content" loading={rename.isPending} disabled={!form.isDirty()}>
              {t('save')}
            </Button>
          )}
        </Stack>
      </form>
      {credits && (
        <Stack gap="xs">
          <Title order={2}>{t('plan')}</Title>
          <Facts
            facts={[
              [t('plan'), credits.plan.name],
              [
                t('retention'),
                credits.plan.history_days === null || credits.plan.history_days === undefined
                  ? t('keptForever')
                  : t('keptDays', { count: credits.plan.history_days }),
              ],
              [t('monthly'), limit(credits.plan.monthly_credits)],
              [t('runsMonth'), limit(credits.plan.runs_per_month)],
              [t('running'), limit(credits.plan.max_running)],
              [t('steps'), limit(credits.plan.max_steps)],
            ]}
          />
          <Text fz="xs" c="dimmed">
            {t('zoneNote')}
          </Text>
        </Stack>
      )}
      <Another />
    </Stack>
  );
}

function Another() {
  const { t } = useTranslation('settings');
  const client = useQueryClient();
  const form = useForm({
    initialValues: { name: '' },
    validate: { name: (value) => (value.trim() ? null : t('nameMissing')) },
  });
  const make = useMutation({
    mutationFn: (body: typeof form.values) =>
      answer(api.POST('/api/workspaces', { body, headers: onceKey() })),
    onSuccess: async ({ id, name }) => {
      form.reset();
      await client.invalidateQueries({ queryKey: accountKeys.me });
      done(t('workspaceMade', { name }), { label: t('goThere'), act: () => chooseWorkspace(id) });
    },
    onError: (error) => failed(error),
  });
  return (
    <form onSubmit={form.onSubmit((values) => make.mutate(values))} noValidate>
      <Stack gap="sm" maw={440}>
        <Title order={2}>{t('another')}</Title>
        <TextInput label={t('anotherName')} {...form.getInputProps('name')} />
        <Button type="submit" variant="default" w="fit-content" loading={make.isPending}>
          {t('makeWorkspace')}
        </Button>
      </Stack>
    </form>
  );
}
