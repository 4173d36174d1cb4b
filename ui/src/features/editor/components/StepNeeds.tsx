import { MultiSelect, SegmentedControl, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { placeOf } from '../document/bodies';
import { exitsOf } from '../document/kinds';
import { downstream, needOf, needText } from '../document/needs';
import type { Finding } from '../state/findings';
import { useDefinition, useEditor } from './EditorContext';
import { useCommands } from './useCommands';

/** Behind which steps, and which of their exits, a step runs: the ways of the canvas as a field. */
export function StepNeeds({ id, findings }: { id: string; findings: Finding[] }) {
  const { t } = useTranslation('editor');
  const { actions } = useEditor();
  const commands = useCommands();
  const [opened, setOpened] = useState(false); // of many steps, the choices take a while to write
  const place = useDefinition((definition) => placeOf(definition, id, actions));
  if (!place) return null;
  const { step, body } = place;
  const behind = opened ? downstream(body.steps, id) : null;
  const free = behind ? body.steps.filter((each) => each.id !== id && !behind.has(each.id)) : [];
  const said = (need: string) => {
    const { id: name, exit } = needOf(need);
    if (exit === 'error') return t('needError', { name });
    return exit ? t('needExit', { name, exit }) : t('needStep', { name });
  };
  const choices = free.flatMap((each) => [
    each.id,
    ...exitsOf(each, actions).map((exit) => needText({ id: each.id, exit })),
    needText({ id: each.id, exit: 'error' }),
  ]);
  const data = [...new Set([...choices, ...step.needs])].map((value) => ({ value, label: said(value) }));
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
        onDropdownOpen={() => setOpened(true)}
        onDropdownClose={() => setOpened(false)}
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
