import { ActionIcon, Box, Button, Group, Stack, Text } from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { meQuery } from '~/features/accounts/queries';
import type { Finding } from '../context';
import classes from '../fields/Frame.module.css';
import { useRows } from '../fields/useRows';
import { isObject } from '../schema';
import { moved, withItem, without } from '../values';
import { NextTimes } from './NextTimes';
import { PlanFields } from './PlanFields';
import { ownZone, type Plan, planOf, scheduleOf, schedulesOf } from './schedule';

interface Props {
  value: Record<string, unknown>;
  onChange: (next: Record<string, unknown>) => void;
  findings: Finding[];
  readOnly?: boolean;
}

const MOST = 20;
const SHORT = ['cron', 'cron_expression', 'timezone', 'every_s', 'run_at', 'type'];

/** When it starts: presets, cron, or once; several of them together. The server says when that will be. */
export function ScheduleBuilder({ value, onChange, findings, readOnly = false }: Props) {
  const { t } = useTranslation('forms');
  const { data: me } = useQuery(meQuery());
  const zone = me?.user.timezone && me.user.timezone !== 'UTC' ? me.user.timezone : ownZone();
  const schedules = schedulesOf(value);
  const { ids, setIds } = useRows(schedules.length);
  // A cron expression that somebody writes stays one, also where a preset would say the same.
  const [written, setWritten] = useState<number[]>([]);
  const planAt = (index: number, schedule: Record<string, unknown>): Plan => {
    const plan = planOf(schedule, zone);
    const { cron } = scheduleOf(plan);
    if (!written.includes(ids[index] as number) || typeof cron !== 'string' || !('zone' in plan)) return plan;
    return { kind: 'cron', cron: String(schedule.cron), zone: plan.zone };
  };
  const put = (next: Record<string, unknown>[]) => {
    const rest = Object.fromEntries(Object.entries(value).filter(([key]) => !SHORT.includes(key)));
    onChange({ ...rest, schedules: next });
  };
  const at = (index: number) => `schedules[${index}]`;
  return (
    <Stack gap="sm">
      {schedules.map((schedule, index) => (
        <Box key={ids[index]} className={schedules.length > 1 ? classes.nested : undefined}>
          <Group gap="xs" wrap="nowrap" align="flex-start">
            <Box style={{ flex: 1, minWidth: 0 }}>
              <PlanFields
                plan={planAt(index, schedule)}
                zone={zone}
                readOnly={readOnly}
                number={index + 1}
                onChange={(plan) => {
                  const others = written.filter((id) => id !== ids[index]);
                  setWritten(plan.kind === 'cron' ? [...others, ids[index] as number] : others);
                  put(withItem(schedules, index, scheduleOf(plan)) as Record<string, unknown>[]);
                }}
              />
            </Box>
            {schedules.length > 1 && !readOnly && (
              <ActionIcon
                variant="subtle"
                color="gray"
                mt={26}
                aria-label={t('schedule.remove', { number: index + 1 })}
                onClick={() => {
                  setIds(without(moved(ids, 0, 0), index) as number[]);
                  put(without(schedules, index) as Record<string, unknown>[]);
                }}
              >
                <IconTrash size={15} />
              </ActionIcon>
            )}
          </Group>
          {findings
            .filter((each) => each.at === at(index) || each.at.startsWith(`${at(index)}.`))
            .map((each) => (
              <Text key={each.message} className={classes.finding} role="alert">
                {each.message}
              </Text>
            ))}
        </Box>
      ))}
      {!readOnly && schedules.length < MOST && (
        <Button
          variant="default"
          size="xs"
          w="fit-content"
          leftSection={<IconPlus size={14} />}
          onClick={() => put([...schedules, { cron: '0 9 * * *', timezone: zone }])}
        >
          {schedules.length === 0 ? t('schedule.first') : t('schedule.another')}
        </Button>
      )}
      {findings
        .filter(({ at: place }) => place === '' || place === 'schedules')
        .map((each) => (
          <Text key={each.message} className={classes.finding} role="alert">
            {each.message}
          </Text>
        ))}
      {schedules.length > 0 && schedules.every(isObject) && <NextTimes schedules={schedules} />}
    </Stack>
  );
}
