import { Badge, Box, Group, List, Skeleton, Text } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { answer, api } from '~/api/client';
import classes from '../fields/Frame.module.css';

const SHOWN = 5;
const TYPING_MS = 300;
type Schedules = NonNullable<NonNullable<Parameters<typeof ask>[0]>>;

function ask(schedules: unknown[], signal: AbortSignal) {
  const body = { schedules: schedules as never[], count: SHOWN };
  return answer(api.POST('/api/schedules/preview', { body, signal }));
}

/** What the schedules mean: the sentence and the next times, both from the server, which will keep to them. */
export function NextTimes({ schedules }: { schedules: Schedules }) {
  const { t, i18n } = useTranslation('forms');
  const [asked] = useDebouncedValue(JSON.stringify(schedules), TYPING_MS);
  const { data, error } = useQuery({
    queryKey: ['schedules', 'preview', asked, i18n.language] as const,
    queryFn: ({ signal }) => ask(JSON.parse(asked) as Schedules, signal),
    placeholderData: keepPreviousData,
    retry: false,
    staleTime: 30_000,
  });
  if (error) {
    return (
      <Text className={classes.finding} role="alert">
        {error.message}
      </Text>
    );
  }
  if (!data) return <Skeleton height={90} />;
  return (
    <Box role="status" aria-label={t('schedule.next')}>
      {data.schedules.map(({ sentence }) => (
        <Text key={sentence} fz="sm" fw={500} style={{ textTransform: 'none' }}>
          {sentence.charAt(0).toUpperCase() + sentence.slice(1)}
        </Text>
      ))}
      {data.times.length === 0 ? (
        <Text fz="sm" c="var(--mantine-color-yellow-light-color)">
          {t('schedule.noTimes')}
        </Text>
      ) : (
        <List listStyleType="none" fz="xs" c="dimmed" mt={4} spacing={2}>
          {data.times.map(({ local, at, mark }) => (
            <List.Item key={at}>
              <Group gap={6} component="span">
                <time dateTime={at}>{shown(local, i18n.language)}</time>
                {mark && (
                  <Badge
                    size="xs"
                    variant="light"
                    color="yellow"
                    tt="none"
                    title={t(`schedule.marks.${mark}Help`)}
                  >
                    {t(`schedule.marks.${mark}`)}
                  </Badge>
                )}
              </Group>
            </List.Item>
          ))}
        </List>
      )}
    </Box>
  );
}

/** A time on the clocks of the schedule's own zone, with its offset. */
export function shown(local: string, language: string): string {
  const [, clock = local, offset = ''] = /^(.*?)(Z|[+-]\d\d:\d\d)$/.exec(local) ?? [];
  const format = new Intl.DateTimeFormat(language, {
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    timeZone: 'UTC',
  });
  return `${format.format(new Date(`${clock}Z`))} (UTC${offset === 'Z' ? '' : offset})`;
}
