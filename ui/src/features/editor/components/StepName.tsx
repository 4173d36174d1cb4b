import { Text, TextInput, UnstyledButton } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { STEP_ID } from '../document/definition';
import { useView } from '../state/view';
import { useCommands } from './useCommands';

/** The step's kind and its name, which templates call it by; F2 or a click renames it. */
export function StepName({ id, title }: { id: string; title: string }) {
  const { t } = useTranslation('editor');
  const renaming = useView((view) => view.renaming && view.selected[0] === id);
  const rename = useView((view) => view.rename);
  const commands = useCommands();
  const [text, setText] = useState(id);
  const [taken, setTaken] = useState(false);
  const bad = !STEP_ID.test(text);
  const finish = () => {
    if (!bad && commands.rename(id, text)) return rename(false);
    setTaken(!bad);
  };
  if (!renaming)
    return (
      <UnstyledButton
        onClick={() => {
          setText(id);
          rename(true);
        }}
        title={t('renameStep', { name: id })}
        style={{ minWidth: 0 }}
      >
        <Text fw={600} fz="sm" truncate>
          {title}
        </Text>
        <Text fz="xs" c="dimmed" ff="monospace" truncate>
          {id}
        </Text>
      </UnstyledButton>
    );
  return (
    <TextInput
      size="xs"
      aria-label={t('stepName')}
      value={text}
      error={bad ? t('badName') : taken ? t('takenName') : null}
      ref={(input) => {
        if (input && document.activeElement !== input && !taken && !bad) input.focus();
      }}
      onFocus={(event) => event.currentTarget.select()}
      onChange={(event) => {
        setTaken(false);
        setText(event.currentTarget.value);
      }}
      onBlur={() => {
        if (!bad && commands.rename(id, text)) rename(false);
        else {
          setText(id);
          rename(false);
        }
      }}
      onKeyDown={(event) => {
        if (event.key === 'Enter') finish();
        if (event.key === 'Escape') {
          setText(id);
          rename(false);
          event.stopPropagation();
        }
      }}
      style={{ flex: 1 }}
    />
  );
}
