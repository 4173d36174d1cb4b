import { Group, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { AnchorLink } from '~/design/links';
import { useSamples } from '../state/samples';

/** Where the sample comes from; `quiet`: nothing is said where there is none. */
export function SampleSource({ quiet = false }: { quiet?: boolean }) {
  const { t } = useTranslation('editor');
  const run = useSamples((samples) => samples.run);
  const source = useSamples((samples) => samples.source);
  if (source === null && quiet) return null;
  if (run === null || source !== 'run')
    return (
      <Text fz="xs" c="dimmed">
        {t(source === 'captured' ? 'sampleCaptured' : source === 'typed' ? 'sampleTyped' : 'sampleNone')}
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
