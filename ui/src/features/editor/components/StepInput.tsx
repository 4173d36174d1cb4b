import { Stack, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { own } from '../document/own';
import { useSamples } from '../state/samples';
import { JsonView } from './JsonView';
import { SampleSource } from './SampleSource';
import { StepTree } from './StepData';

/** What the step can read, as the sample tells it, and what it was really given. */
export function StepInput({ id }: { id: string }) {
  const { t } = useTranslation('editor');
  const given = useSamples((samples) => own(samples.inputs, id));
  return (
    <Stack gap="sm">
      <SampleSource quiet />
      <StepTree id={id} />
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
