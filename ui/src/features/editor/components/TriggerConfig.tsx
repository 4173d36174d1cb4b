import { Select, Stack, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { TriggerForm } from '~/forms/triggers/TriggerForm';
import { useFindingsStore, within } from '../state/findings';
import { useSamples } from '../state/samples';
import { useDefinition, useEditor, useSaving } from './EditorContext';
import { useCommands } from './useCommands';

/** What starts the automation. */
export function TriggerConfig() {
  const { t } = useTranslation('editor');
  const { id, triggers } = useEditor();
  const commands = useCommands();
  const type = useDefinition(({ trigger_type }) => trigger_type);
  const value = useDefinition(({ trigger_config }) => trigger_config);
  const etag = useSaving(({ detail }) => detail.etag);
  const live = useSaving(({ detail }) => detail.live_version !== null && detail.enabled);
  const sampled = useSamples(({ data }) => data);
  const ofCapture = useSamples((samples) => samples.ofCapture);
  const all = useFindingsStore((state) => state.all);
  const kind = triggers.find(({ name }) => name === type);
  const missing = all.find(({ at }) => at === 'trigger_type')?.message;
  const findings = all.flatMap((finding) => {
    const at = within(finding.at, 'trigger_config');
    return at === null ? [] : [{ ...finding, at }];
  });
  return (
    <Stack gap="md">
      <Select
        label={t('startedBy')}
        data={triggers.map(({ name, title }) => ({ value: name, label: title }))}
        value={type}
        allowDeselect={false}
        error={missing}
        onChange={(next) => {
          if (next && next !== type)
            commands.setPart({ trigger_type: next, trigger_config: {} }, t('did.trigger'));
        }}
      />
      {kind && (
        <>
          <Text fz="xs" c="dimmed">
            {kind.description}
          </Text>
          <TriggerForm
            key={kind.name}
            type={kind.name}
            schema={kind.config_schema}
            value={value}
            onChange={(next) => commands.setPart({ trigger_config: next }, t('did.trigger'))}
            findings={findings}
            automationId={id}
            draft={etag}
            onSample={ofCapture}
            sampled={sampled}
            live={live}
          />
        </>
      )}
    </Stack>
  );
}
