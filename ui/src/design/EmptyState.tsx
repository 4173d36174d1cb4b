import { Center, Stack, Text, ThemeIcon, Title } from '@mantine/core';
import type { TablerIcon } from '@tabler/icons-react';
import type { ReactNode } from 'react';

interface Props {
  icon: TablerIcon;
  title: string;
  text: string;
  /** What to do next. */
  children?: ReactNode;
}

export function EmptyState({ icon: Icon, title, text, children }: Props) {
  return (
    <Center py={64} px="md">
      <Stack align="center" gap="xs" maw={420} ta="center">
        <ThemeIcon variant="light" color="gray" size={44} radius="lg">
          <Icon size={22} stroke={1.6} aria-hidden />
        </ThemeIcon>
        <Title order={2} fz="md" mt={4}>
          {title}
        </Title>
        <Text c="dimmed" fz="sm">
          {text}
        </Text>
        {children}
      </Stack>
    </Center>
  );
}
