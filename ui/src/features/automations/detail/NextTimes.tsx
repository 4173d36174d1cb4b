import { Badge, Group, Skeleton, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { nextTimesQuery } from './queries';

/** When the schedule is due next, in its own time zone, with the days of clock changes marked. */
export function NextTimes({ automationId }: { automationId: string }) {
  const { t, i18n } = useTranslation('automations');
  const { data } = useQuery(nextTimesQuery(automationId));
  if (!data) return <Skeleton height={80} />;
  const wall = new Intl.DateTimeFormat(i18n.language, {
    dateStyle: 'full',
    timeStyle: 'short',
    timeZone: 'UTC',
  });
  return (
    <section aria-label={t('nextTimes')}>
      <Text fz="sm" fw={600} mb={4}>
        {t('nextTimes')}
      </Text>
      {!data.active && (
        <Text fz="sm" c="dimmed">
          {t('notScheduled')}
        </Text>
      )}
      {data.schedules.map((each) => (
        <Text key={each.sentence} fz="sm" c="dimmed">
          {each.sentence}
        </Text>
      ))}
      <Stack gap={2} mt={4}>
        {data.times.map((each) => (
          <Group key={`${each.at} ${each.schedule}`} gap={8}>
            {/* `local` carries the wall clock of the schedule's zone: it is shown as it stands there */}
            <time dateTime={each.at} style={{ fontSize: 13 }}>
              {wall.format(new Date(`${each.local.slice(0, 19)}Z`))}
            </time>
            {data.schedules[each.schedule]?.timezone && (
              <Text span fz="xs" c="dimmed">
                {data.schedules[each.schedule]?.timezone}
              </Text>
            )}
            {each.mark && (
              <Badge variant="light" color="yellow" tt="none" radius="sm">
                {t(`marks.${each.mark}`)}
              </Badge>
            )}
          </Group>
        ))}
        {data.active && data.times.length === 0 && (
          <Text fz="sm" c="dimmed">
            {t('neverDue')}
          </Text>
        )}
      </Stack>
    </section>
  );
}
