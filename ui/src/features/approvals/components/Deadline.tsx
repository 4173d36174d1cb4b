import { Text } from '@mantine/core';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { numberFormat } from '~/design/formats';
import type { Question } from '../queries';

const SOON_MS = 3_600_000;

/** How long there is left, counting down, and what counts afterwards. */
export function Deadline({ question }: { question: Pick<Question, 'deadline' | 'on_deadline'> }) {
  const { t, i18n } = useTranslation('approvals');
  const [now, setNow] = useState(() => Date.now());
  const end = question.deadline ? Date.parse(question.deadline) : null;
  useEffect(() => {
    if (end === null) return;
    const timer = setInterval(() => setNow(Date.now()), end - Date.now() < SOON_MS ? 1000 : 30_000);
    return () => clearInterval(timer);
  }, [end]);
  if (end === null) return null;
  const left = end - now;
  if (left <= 0) {
    return (
      <Text span fz="sm" c="red">
        {t('deadlineOver')}
      </Text>
    );
  }
  return (
    <Text span fz="sm" c={left < SOON_MS ? 'red' : 'dimmed'}>
      {t(`left.${question.on_deadline}`, { time: span(left, i18n.language) })}
    </Text>
  );
}

function span(ms: number, language: string): string {
  const seconds = Math.floor(ms / 1000);
  const parts: [number, string][] = [
    [Math.floor(seconds / 86_400), 'day'],
    [Math.floor(seconds / 3600) % 24, 'hour'],
    [Math.floor(seconds / 60) % 60, 'minute'],
    [seconds % 60, 'second'],
  ];
  const first = parts.findIndex(([count]) => count > 0);
  return parts
    .slice(Math.max(0, first), Math.max(0, first) + 2)
    .map(([count, unit]) =>
      numberFormat(language, { style: 'unit', unit, unitDisplay: 'short' }).format(count),
    )
    .join(' ');
}
