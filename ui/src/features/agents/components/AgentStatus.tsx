import { Box, Group, Text, Tooltip } from '@mantine/core';
import { useTranslation } from 'react-i18next';

const COLORS = {
  online: 'var(--mantine-color-teal-6)',
  processing: 'var(--mantine-color-blue-5)',
  offline: 'var(--mantine-color-gray-5)',
} as const;

interface Props {
  status: keyof typeof COLORS;
  /** Why it is offline. */
  reason?: string | null;
}

/** How an agent stands, as a dot and a word; the reason can be read by pointing and by screen readers. */
export function AgentStatus({ status, reason }: Props) {
  const { t } = useTranslation('agents');
  const shown = (
    <Group gap={6} wrap="nowrap" w="fit-content">
      <Box w={8} h={8} bg={COLORS[status]} style={{ borderRadius: 8, flexShrink: 0 }} aria-hidden />
      <Text span fz="inherit" style={{ whiteSpace: 'nowrap' }}>
        {t(`states.${status}`)}
      </Text>
    </Group>
  );
  return reason ? (
    <Tooltip label={reason} multiline maw={320}>
      {shown}
    </Tooltip>
  ) : (
    shown
  );
}
