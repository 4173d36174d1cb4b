import {
  Alert,
  Autocomplete,
  Button,
  Group,
  NumberInput,
  Select,
  SimpleGrid,
  Stack,
  Text,
} from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { catalogQuery } from '~/features/catalog/queries';
import { NeededConnectionDrawer } from '~/features/connections/components/NeededConnectionDrawer';
import { everyConnectionQuery } from '~/features/connections/queries';
import { useMayConnect } from '~/features/connections/roles';
import type { AgentDraft } from '../draft';
import { modelsQuery } from '../queries';
import type { StepProps } from './props';

type Budget = NonNullable<AgentDraft['settings']['budget']>;
const OWN = '';

/** What it thinks with, and what it may spend. */
export function ModelStep({ draft, change, errors }: StepProps) {
  const { t } = useTranslation('agents');
  const [connecting, setConnecting] = useState(false);
  const kinds = useQuery(catalogQuery()).data?.connections.filter(({ purpose }) => purpose === 'model') ?? [];
  const mayConnect = useMayConnect();
  const { data: saved } = useQuery(everyConnectionQuery());
  const providers = (saved ?? []).filter(({ kind }) => kinds.some(({ name }) => name === kind));
  const byDefault = providers
    .filter(({ used_by }) => used_by !== 'admins')
    .toSorted((a, b) => (a.id < b.id ? -1 : 1))[0];
  const settings = (part: Partial<AgentDraft['settings']>) =>
    change({ settings: { ...draft.settings, ...part } });
  return (
    <Stack>
      <Group align="flex-end" wrap="nowrap">
        <Select
          label={t('provider')}
          description={byDefault ? undefined : t('model.noProvider')}
          data={[
            { value: OWN, label: byDefault ? t('model.default', { name: byDefault.name }) : t('model.none') },
            ...providers.map(({ id, name }) => ({ value: id, label: name })),
          ]}
          value={draft.provider ?? OWN}
          onChange={(provider) => change({ provider: provider || null })}
          error={errors.provider}
          allowDeselect={false}
          style={{ flex: 1 }}
        />
        {mayConnect && (
          <Button variant="default" leftSection={<IconPlus size={15} />} onClick={() => setConnecting(true)}>
            {t('model.connect')}
          </Button>
        )}
      </Group>
      <ModelChoice
        connectionId={draft.provider ?? byDefault?.id ?? null}
        model={draft.model}
        error={errors.model}
        onChange={(model) => change({ model })}
      />
      <SimpleGrid cols={{ base: 1, xs: 2 }}>
        <NumberInput
          label={t('model.temperature')}
          description={t('model.temperatureHint')}
          placeholder={t('model.providersOwn')}
          min={0}
          max={2}
          step={0.1}
          decimalScale={2}
          value={draft.settings.temperature ?? ''}
          onChange={(value) => settings({ temperature: typeof value === 'number' ? value : null })}
          error={errors['settings.temperature']}
        />
        <NumberInput
          label={t('model.maxTokens')}
          description={t('model.maxTokensHint')}
          min={1}
          max={200_000}
          step={256}
          value={draft.settings.max_tokens}
          onChange={(value) => typeof value === 'number' && settings({ max_tokens: value })}
          error={errors['settings.max_tokens']}
        />
      </SimpleGrid>
      <BudgetFields
        budget={draft.settings.budget}
        errors={errors}
        onChange={(budget) => settings({ budget })}
      />
      <NeededConnectionDrawer
        opened={connecting}
        onClose={() => setConnecting(false)}
        title={t('model.connect')}
        kinds={kinds.map(({ name }) => name)}
        onCreated={({ id }) => change({ provider: id, model: null })}
      />
    </Stack>
  );
}

interface ChoiceProps {
  connectionId: string | null;
  model: string | null;
  error: string | undefined;
  onChange: (model: string | null) => void;
}

/** The provider is asked for its models; one that it does not list can be typed. */
function ModelChoice({ connectionId, model, error, onChange }: ChoiceProps) {
  const { t, i18n } = useTranslation('agents');
  const {
    data,
    error: refused,
    isFetching,
  } = useQuery({
    ...modelsQuery(connectionId ?? ''),
    enabled: connectionId !== null,
  });
  const money = new Intl.NumberFormat(i18n.language, {
    style: 'currency',
    currency: 'USD',
    maximumFractionDigits: 2,
  });
  const prices = new Map(data?.items.map((each) => [each.name, each]));
  const chosen = model ? prices.get(model) : undefined;
  const priced = chosen && chosen.usd_in !== null && chosen.usd_out !== null;
  return (
    <Stack gap={6}>
      <Autocomplete
        label={t('model.model')}
        description={
          priced
            ? t('model.price', {
                in: money.format(chosen.usd_in ?? 0),
                out: money.format(chosen.usd_out ?? 0),
              })
            : t('model.modelHint')
        }
        placeholder={isFetching ? t('model.asking') : t('model.providersOwn')}
        data={data?.items.map(({ name }) => name) ?? []}
        limit={100}
        value={model ?? ''}
        onChange={(value) => onChange(value || null)}
        error={error}
      />
      {refused && (
        <Alert color="yellow" variant="light" py="xs">
          {refused.message}
        </Alert>
      )}
    </Stack>
  );
}

interface BudgetProps {
  budget: Budget | undefined;
  errors: Record<string, string>;
  onChange: (budget: Budget) => void;
}

function BudgetFields({ budget, errors, onChange }: BudgetProps) {
  const { t } = useTranslation('agents');
  const now: Budget = { run_usd: null, tokens: null, requests: 20, tool_calls: 20, ...budget };
  const money = (name: 'run_usd' | 'day_usd', label: string) => (
    <NumberInput
      label={label}
      prefix="$"
      placeholder={t('model.noLimit')}
      min={0.01}
      step={0.5}
      decimalScale={4}
      value={now[name] ?? ''}
      onChange={(value) => onChange({ ...now, [name]: typeof value === 'number' ? value : null })}
      error={errors[`settings.budget.${name}`]}
    />
  );
  return (
    <Stack gap="xs" component="fieldset" p={0} m={0} bd={0}>
      <Text component="legend" fz="sm" fw={600} p={0}>
        {t('model.budget')}
      </Text>
      <Text fz="xs" c="dimmed">
        {t('model.budgetHint')}
      </Text>
      <SimpleGrid cols={{ base: 1, xs: 3 }}>
        {money('run_usd', t('model.perRun'))}
        {money('day_usd', t('model.perDay'))}
        <NumberInput
          label={t('model.toolCalls')}
          min={0}
          max={200}
          value={now.tool_calls}
          onChange={(value) => typeof value === 'number' && onChange({ ...now, tool_calls: value })}
          error={errors['settings.budget.tool_calls']}
        />
      </SimpleGrid>
    </Stack>
  );
}
