import { Alert, Anchor, Text } from '@mantine/core';
import { IconClockPause } from '@tabler/icons-react';
import { useRouter } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { Moment } from '~/design/Moment';
import type { Run } from '../queries';

/** Why the run waits, with a link to what holds it. */
export function WaitCard({ waiting }: { waiting: NonNullable<Run['waiting_for']> }) {
  const { t } = useTranslation('runs');
  const router = useRouter();
  const link = waiting.link;
  return (
    <Alert color="yellow" variant="light" icon={<IconClockPause />} title={t('whyWaiting')} mb="md">
      <Text fz="sm">{waiting.reason}</Text>
      {waiting.until && (
        <Text fz="sm">
          {t('until')} <Moment at={waiting.until} as="minute" />
        </Text>
      )}
      {link && waiting.code !== 'approval' && waiting.code !== 'doubt' && (
        <Anchor
          fz="sm"
          href={link}
          onClick={(event) => {
            if (event.metaKey || event.ctrlKey || event.shiftKey) return;
            event.preventDefault();
            router.history.push(link);
          }}
        >
          {t('showHolder')}
        </Anchor>
      )}
    </Alert>
  );
}
