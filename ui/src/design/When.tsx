import { Text } from '@mantine/core';
import dayjs from 'dayjs';
import { useTranslation } from 'react-i18next';
import { momentFormat } from './formats';

const EXACT = { dateStyle: 'medium', timeStyle: 'medium' } as const;

/** A moment in words ("3 minutes ago"), exact in its title. */
export function When({ at, none = '—' }: { at: string | null | undefined; none?: string }) {
  const { i18n } = useTranslation();
  if (!at) {
    return (
      <Text span c="dimmed" fz="inherit">
        {none}
      </Text>
    );
  }
  const exact = momentFormat(i18n.language, EXACT).format(new Date(at));
  return (
    <time dateTime={at} title={exact}>
      {dayjs(at).locale(i18n.language).fromNow()}
    </time>
  );
}
