import { Group, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { AnchorLink } from '~/design/links';
import { useSamples } from '../state/samples';

/** Where the sample comes from. */
export function SampleSource() {
  const { t } = useTranslation('editor');
  const run = useSamples((samples) => samples.run);
  if (run === null)
    return (
      <Text fz="xs" c="dimmed">
        {t('sampleNone')}
      </Text>
    );
  return (
    <Group gap={6}>
      <Text fz="xs" c="dimmed">
        {t('sampleOf')}
      </Text>
      <AnchorLink to="/automations/logs/$logId" params={{ logId: run }} fz="xs">
        {t('sampleRun', { id: run.slice(-8) })}
      </AnchorLink>
    </Group>
  );
}
