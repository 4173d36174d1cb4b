import { JsonInput, Stack } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useSamples } from '../state/samples';
import { SampleSource } from './SampleSource';

/** `trigger.data` for previews and tests: of a run, or typed here. It never runs in production. */
export function TriggerSample() {
  const { t } = useTranslation('editor');
  const data = useSamples((samples) => samples.data);
  const setData = useSamples((samples) => samples.setData);
  const [text, setText] = useState<string | null>(null);
  const shown = text ?? (data === undefined ? '' : JSON.stringify(data, null, 2));
  const wrong = text !== null && text.trim() !== '' && !parses(text);
  return (
    <Stack gap="sm">
      <SampleSource />
      <JsonInput
        label={t('sampleData')}
        description={t('sampleDataText')}
        placeholder='{"lead": {"email": "ada@example.org"}}'
        autosize
        minRows={6}
        maxRows={24}
        classNames={{ input: 'json-input' }}
        value={shown}
        error={wrong ? t('notJson') : null}
        onChange={(next) => {
          setText(next);
          if (next.trim() === '') setData(undefined);
          else if (parses(next)) setData(JSON.parse(next) as unknown);
        }}
        onBlur={() => {
          if (!wrong) setText(null);
        }}
      />
    </Stack>
  );
}

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
