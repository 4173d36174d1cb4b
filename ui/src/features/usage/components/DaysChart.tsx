import { Group, Text } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Measure, Used } from '../queries';

const HEIGHT = 140;
const BAR = 10;

interface Props {
  days: string[];
  used: Used[];
  measure: Measure;
  format: (value: number) => string;
}

/** A bar a day. For those who can't see it, each bar has its day and value. */
export function DaysChart({ days, used, measure, format }: Props) {
  const { t, i18n } = useTranslation('usage');
  const [at, setAt] = useState<number | null>(null);
  const byDay = new Map(used.map((each) => [each.key, each[measure]]));
  const values = days.map((each) => byDay.get(each) ?? 0);
  const most = Math.max(1e-9, ...values);
  const total = values.reduce((sum, each) => sum + each, 0);
  const date = new Intl.DateTimeFormat(i18n.language, { dateStyle: 'medium', timeZone: 'UTC' });
  const name = (index: number) =>
    t('dayIs', { day: date.format(new Date(`${days[index]}T00:00:00Z`)), value: format(values[index] ?? 0) });
  return (
    <figure className="days-chart" aria-label={t('chart', { measure: t(`measures.${measure}`) })}>
      <svg
        viewBox={`0 0 ${days.length * BAR} ${HEIGHT}`}
        preserveAspectRatio="none"
        height={HEIGHT}
        width="100%"
        role="img"
        aria-label={`${t('chart', { measure: t(`measures.${measure}`) })}. ${t('total', { value: format(total) })}`}
        onMouseLeave={() => setAt(null)}
      >
        {values.map((value, index) => (
          // biome-ignore lint/a11y/noStaticElementInteractions: the value of a bar also stands in its title
          <g key={days[index]} onMouseEnter={() => setAt(index)}>
            <rect x={index * BAR} y={0} width={BAR} height={HEIGHT} fill="transparent">
              <title>{name(index)}</title>
            </rect>
            <rect
              className="days-bar"
              data-at={at === index}
              x={index * BAR + 1.5}
              width={BAR - 3}
              y={HEIGHT - Math.max(value > 0 ? 2 : 0, (value / most) * (HEIGHT - 4))}
              height={Math.max(value > 0 ? 2 : 0, (value / most) * (HEIGHT - 4))}
              pointerEvents="none"
            />
          </g>
        ))}
      </svg>
      <Group justify="space-between">
        <Text fz="xs" c="dimmed">
          {date.format(new Date(`${days[0]}T00:00:00Z`))}
        </Text>
        <Text fz="xs" fw={500}>
          {at === null ? t('total', { value: format(total) }) : name(at)}
        </Text>
        <Text fz="xs" c="dimmed">
          {date.format(new Date(`${days.at(-1)}T00:00:00Z`))}
        </Text>
      </Group>
    </figure>
  );
}
