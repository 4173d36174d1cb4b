import { Stack, Text } from '@mantine/core';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { own } from '../document/own';
import { useSamples } from '../state/samples';
import { contextOf } from '../state/suggestions';
import { useDefinition, useEditor } from './EditorContext';
import { JsonView } from './JsonView';
import { SampleSource } from './SampleSource';

/** What the step can read, as the sample tells it, and what it was really given. */
export function StepInput({ id }: { id: string }) {
  const { t } = useTranslation('editor');
  const { actions } = useEditor();
  const definition = useDefinition((whole) => whole);
  const samples = useSamples();
  const context = useMemo(
    () => contextOf(definition, id, samples, actions),
    [definition, id, samples, actions],
  );
  const given = own(samples.inputs, id);
  const shown = { 'trigger.data': context.trigger.data, 'previous.output': context.previous.output };
  return (
    <Stack gap="sm">
      <SampleSource />
      {Object.entries(shown).map(([name, value]) => (
        <Part key={name} name={name} value={value} />
      ))}
      {Object.entries(context.steps).map(([name, { output }]) => (
        <Part key={name} name={`steps.${name}.output`} value={output} />
      ))}
      {given !== undefined && (
        <div>
          <Text fz="xs" fw={500} mb={4}>
            {t('givenInput')}
          </Text>
          <JsonView value={given} label={t('givenInput')} />
        </div>
      )}
    </Stack>
  );
}

function Part({ name, value }: { name: string; value: unknown }) {
  const { t } = useTranslation('editor');
  return (
    <div>
      <Text fz="xs" ff="monospace" mb={4}>
        {name}
      </Text>
      {value === undefined ? (
        <Text fz="xs" c="dimmed">
          {t('noSampleYet')}
        </Text>
      ) : (
        <JsonView value={value} label={name} />
      )}
    </div>
  );
}
