import { Chip, Group, NumberInput, Select, Stack, Text, TextInput } from '@mantine/core';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { changedTo, PLAN_KINDS, type Plan, type PlanKind, UNITS, type Unit, zones } from './schedule';

interface Props {
  plan: Plan;
  zone: string;
  /** Which of several it is, from 1. */
  number: number;
  onChange: (plan: Plan) => void;
  readOnly: boolean;
}

const MONDAY = new Date(Date.UTC(2024, 0, 1));
const WEEK = [1, 2, 3, 4, 5, 6, 0];

function dayName(day: number, language: string): string {
  const date = new Date(MONDAY.getTime() + ((day + 6) % 7) * 86_400_000);
  return new Intl.DateTimeFormat(language, { weekday: 'short', timeZone: 'UTC' }).format(date);
}

export function PlanFields({ plan, zone, number, onChange, readOnly }: Props) {
  const { t, i18n } = useTranslation('forms');
  return (
    <Stack gap="xs">
      <Group gap="xs" align="flex-end">
        <Select
          label={t('schedule.how')}
          aria-label={t('schedule.howOf', { number })}
          w={180}
          allowDeselect={false}
          disabled={readOnly}
          data={PLAN_KINDS.map((kind) => ({ value: kind, label: t(`schedule.kinds.${kind}`) }))}
          value={plan.kind}
          onChange={(kind) => kind && onChange(changedTo(kind as PlanKind, plan, zone, new Date()))}
        />
        {plan.kind === 'every' && (
          <>
            <NumberInput
              label={t('schedule.count')}
              w={90}
              min={1}
              allowDecimal={false}
              allowNegative={false}
              disabled={readOnly}
              value={plan.count}
              onChange={(count) => typeof count === 'number' && count > 0 && onChange({ ...plan, count })}
            />
            <Select
              label={t('schedule.unit')}
              w={120}
              allowDeselect={false}
              disabled={readOnly}
              data={UNITS.map((unit) => ({ value: unit, label: t(`schedule.units.${unit}`) }))}
              value={plan.unit}
              onChange={(unit) => unit && onChange({ ...plan, unit: unit as Unit })}
            />
          </>
        )}
        {plan.kind === 'hourly' && (
          <NumberInput
            label={t('schedule.minute')}
            w={110}
            min={0}
            max={59}
            clampBehavior="strict"
            allowDecimal={false}
            disabled={readOnly}
            value={plan.minute}
            onChange={(minute) => typeof minute === 'number' && onChange({ ...plan, minute })}
          />
        )}
        {plan.kind === 'monthly' && (
          <NumberInput
            label={t('schedule.day')}
            w={110}
            min={1}
            max={31}
            clampBehavior="strict"
            allowDecimal={false}
            disabled={readOnly}
            value={plan.day}
            onChange={(day) => typeof day === 'number' && day > 0 && onChange({ ...plan, day })}
          />
        )}
        {'time' in plan && (
          <TextInput
            type="time"
            label={t('schedule.time')}
            w={120}
            disabled={readOnly}
            value={plan.time}
            onChange={({ currentTarget: { value } }) => value && onChange({ ...plan, time: value })}
          />
        )}
        {plan.kind === 'cron' && (
          <TextInput
            label={t('schedule.cron')}
            description={t('schedule.cronHelp')}
            w={210}
            ff="monospace"
            spellCheck={false}
            disabled={readOnly}
            value={plan.cron}
            onChange={({ currentTarget: { value } }) => onChange({ ...plan, cron: value })}
          />
        )}
        {plan.kind === 'once' && (
          <TextInput
            type="datetime-local"
            label={t('schedule.at')}
            w={220}
            disabled={readOnly}
            value={plan.at}
            onChange={({ currentTarget: { value } }) => value && onChange({ ...plan, at: value })}
          />
        )}
        {'zone' in plan && (
          <ZoneSelect
            value={plan.zone}
            readOnly={readOnly}
            onChange={(chosen) => onChange({ ...plan, zone: chosen })}
          />
        )}
      </Group>
      {plan.kind === 'weekly' && (
        <Group gap={6} role="group" aria-label={t('schedule.days')}>
          {WEEK.map((day) => (
            <Chip
              key={day}
              size="xs"
              disabled={readOnly}
              checked={plan.days.includes(day)}
              onChange={(on) => {
                const days = on ? [...plan.days, day] : plan.days.filter((each) => each !== day);
                if (days.length > 0) onChange({ ...plan, days: days.sort((a, b) => a - b) });
              }}
            >
              {dayName(day, i18n.language)}
            </Chip>
          ))}
        </Group>
      )}
      {plan.kind === 'monthly' && plan.day > 28 && (
        <Text fz="xs" c="dimmed">
          {t('schedule.shortMonths', { day: plan.day })}
        </Text>
      )}
    </Stack>
  );
}

interface ZoneProps {
  value: string;
  onChange: (zone: string) => void;
  readOnly: boolean;
}

export function ZoneSelect({ value, onChange, readOnly }: ZoneProps) {
  const { t } = useTranslation('forms');
  const all = useMemo(() => {
    const known = zones();
    return known.includes(value) ? known : [value, ...known];
  }, [value]);
  return (
    <Select
      label={t('schedule.zone')}
      w={210}
      searchable
      limit={60}
      allowDeselect={false}
      disabled={readOnly}
      nothingFoundMessage={t('nothingFits')}
      data={all}
      value={value}
      onChange={(zone) => zone && onChange(zone)}
    />
  );
}
