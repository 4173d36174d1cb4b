import { Group, Stack, Text, Title } from '@mantine/core';
import { type ReactNode, useEffect, useRef } from 'react';

let navigated = false;

interface Props {
  title: string;
  description?: ReactNode;
  /** Buttons, on the right. */
  actions?: ReactNode;
}

/** The head of a page: names the tab, and takes the focus when one came here from another page. */
export function PageHeader({ title, description, actions }: Props) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (navigated) heading.current?.focus({ preventScroll: true });
    navigated = true;
  }, []);
  useEffect(() => {
    document.title = `${title} · Vutler`;
  }, [title]);
  return (
    <Group className="page-header" justify="space-between" align="flex-start" mb="md" gap="sm">
      <Stack gap={2} className="page-title">
        <Title order={1} ref={heading} tabIndex={-1}>
          {title}
        </Title>
        {description && (
          <Text c="dimmed" fz="sm">
            {description}
          </Text>
        )}
      </Stack>
      {actions && <Group gap="xs">{actions}</Group>}
    </Group>
  );
}
