import { MultiSelect, SegmentedControl, Stack, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { placeOf } from '../document/bodies';
import { exitsOf } from '../document/kinds';
import { needText, upstream } from '../document/needs';
import type { Finding } from '../state/findings';
import { useDefinition, useEditor } from './EditorContext';
import { useCommands } from './useCommands';

/** Behind which steps, and which of their exits, a step runs: the ways of the canvas as a field. */
export function StepNeeds({ id, findings }: { id: string; findings: Finding[] }) {
  const { t } = useTranslation('editor');
  const { actions } = useEditor();
  const commands = useCommands();
  const place = useDefinition((definition) => placeOf(definition, id, actions));
  if (!place) return null;
  const { step, body } = place;
  const open = body.steps.filter((each) => each.id !== id && !upstream(body.steps, each.id).has(id));
  const choices = open.flatMap((each) => [
    { value: each.id, label: t('needStep', { name: each.id }) },
    ...exitsOf(each, actions).map((exit) => ({
      value: needText({ id: each.id, exit }),
      label: t('needExit', { name: each.id, exit }),
    })),
    { value: needText({ id: each.id, exit: 'error' }), label: t('needError', { name: each.id }) },
  ]);
  const known = new Set(choices.map(({ value }) => value));
  const data = [
    ...choices,
    ...step.needs.filter((need) => !known.has(need)).map((value) => ({ value, label: value })),
  ];
  return (
    <Stack gap="xs">
      <MultiSelect
        label={t('needs')}
        description={step.needs.length === 0 ? t('needsNothing') : undefined}
        data={data}
        value={step.needs}
        onChange={(needs) => commands.setStep(id, { needs })}
        error={findings.map(({ message }) => message).join(' ') || null}
        searchable
        size="sm"
      />
      {step.needs.length > 1 && (
        <>
          <Text fz="sm" fw={500}>
            {t('join')}
          </Text>
          <SegmentedControl
            size="xs"
            value={step.join === 'any' ? 'any' : 'all'}
            onChange={(join) => commands.setStep(id, { join })}
            data={[
              { value: 'all', label: t('joinAll') },
              { value: 'any', label: t('joinAny') },
            ]}
            aria-label={t('join')}
          />
        </>
      )}
    </Stack>
  );
}
