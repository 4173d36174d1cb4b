import { Text, Tooltip } from '@mantine/core';
import dayjs from 'dayjs';
import { useTranslation } from 'react-i18next';

/** A moment in words ("3 minutes ago"), exact in the tooltip. */
export function When({ at, none = '—' }: { at: string | null | undefined; none?: string }) {
  const { i18n } = useTranslation();
  if (!at) {
    return (
      <Text span c="dimmed" fz="inherit">
        {none}
      </Text>
    );
  }
  const exact = new Intl.DateTimeFormat(i18n.language, { dateStyle: 'medium', timeStyle: 'medium' }).format(
    new Date(at),
  );
  return (
    <Tooltip label={exact}>
      <time dateTime={at}>{dayjs(at).locale(i18n.language).fromNow()}</time>
    </Tooltip>
  );
}
