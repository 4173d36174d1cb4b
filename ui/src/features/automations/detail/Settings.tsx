import { Alert, Button, Group, NumberInput, Select, Stack, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { fieldErrors } from '~/api/problem';
import { automationsFoundQuery } from '../queries';
import { usePolicy } from './mutations';
import type { AutomationDetail } from './queries';

interface Policy {
  overlap: string;
  concurrency_key: string;
  max_duration_s: number | string;
  priority: string;
  alert_after: number | string;
  automation: string | null;
}

const OVERLAPS = ['allow', 'queue', 'skip', 'replace'] as const;
const PRIORITIES = ['low', 'normal', 'high'] as const;

function policyOf(automation: AutomationDetail): Policy {
  const policy = automation.policy as Record<string, unknown>;
  const failure = (policy.on_failure ?? {}) as Record<string, unknown>;
  return {
    overlap: String(policy.overlap ?? 'allow'),
    concurrency_key: String(policy.concurrency_key ?? ''),
    max_duration_s: Number(policy.max_duration_s ?? 900),
    priority: String(policy.priority ?? 'normal'),
    alert_after: typeof failure.alert_after === 'number' ? failure.alert_after : '',
    automation: typeof failure.automation === 'string' ? failure.automation : null,
  };
}

/** How runs behave: what happens when one fails, when two meet, when one takes too long. */
export function Settings({ automation }: { automation: AutomationDetail }) {
  const { t } = useTranslation('automations');
  const others = useQuery(automationsFoundQuery(''));
  const save = usePolicy(automation);
  const form = useForm<Policy>({ initialValues: policyOf(automation) });
  const submit = form.onSubmit((values) =>
    save.mutate(
      {
        overlap: values.overlap,
        concurrency_key: values.concurrency_key.trim() || null,
        max_duration_s: Number(values.max_duration_s),
        priority: values.priority,
        on_failure: {
          automation: values.automation,
          alert_after: values.alert_after === '' ? null : Number(values.alert_after),
        },
      },
      {
        onSuccess: () => form.resetDirty(),
        onError: (error) =>
          form.setErrors(
            Object.fromEntries(
              Object.entries(fieldErrors(error)).map(([at, message]) => [at.replace(/^.*\./, ''), message]),
            ),
          ),
      },
    ),
  );
  const choices = (others.data?.items ?? [])
    .filter(({ id }) => id !== automation.id)
    .map(({ id, name }) => ({ value: id, label: name }));
  if (form.values.automation && !choices.some(({ value }) => value === form.values.automation))
    choices.unshift({ value: form.values.automation, label: form.values.automation });
  return (
    <form onSubmit={submit} noValidate>
      <Stack gap="md" maw={480}>
        {automation.draft_changed && (
          <Alert variant="light" color="yellow">
            {t('policyDraft')}
          </Alert>
        )}
        <Text fw={600}>{t('onFailure')}</Text>
        <NumberInput
          label={t('alertAfter')}
          description={t('alertAfterText')}
          min={1}
          max={100}
          {...form.getInputProps('alert_after')}
        />
        <Select
          label={t('failureAutomation')}
          description={t('failureAutomationText')}
          clearable
          searchable
          data={choices}
          {...form.getInputProps('automation')}
        />
        <Text fw={600}>{t('together')}</Text>
        <Select
          label={t('overlap')}
          allowDeselect={false}
          data={OVERLAPS.map((value) => ({ value, label: t(`overlaps.${value}`) }))}
          {...form.getInputProps('overlap')}
        />
        {form.values.overlap !== 'allow' && (
          <TextInput
            label={t('concurrencyKey')}
            description={t('concurrencyKeyText')}
            placeholder="trigger.data.customer_id"
            {...form.getInputProps('concurrency_key')}
          />
        )}
        <Select
          label={t('priority')}
          allowDeselect={false}
          data={PRIORITIES.map((value) => ({ value, label: t(`priorities.${value}`) }))}
          {...form.getInputProps('priority')}
        />
        <NumberInput
          label={t('maxDuration')}
          description={t('maxDurationText')}
          min={1}
          max={86_400}
          {...form.getInputProps('max_duration_s')}
        />
        <Group>
          <Button type="submit" loading={save.isPending} disabled={!form.isDirty()}>
            {t('save')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
