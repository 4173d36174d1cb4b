import { Button, Collapse, Stack } from '@mantine/core';
import { useDisclosure, useId } from '@mantine/hooks';
import { IconChevronDown, IconChevronRight } from '@tabler/icons-react';
import type { ReactNode } from 'react';

interface Props {
  label: string;
  /** Open whatever was chosen: something inside wants to be seen. */
  isOpen?: boolean;
  children: ReactNode;
}

/** What most people leave as it is, folded away behind a word. */
export function Disclosure({ label, isOpen, children }: Props) {
  const [chosen, { toggle }] = useDisclosure(false);
  const id = useId();
  const open = isOpen || chosen;
  return (
    <Stack gap="sm">
      <Button
        variant="subtle"
        color="gray"
        size="compact-sm"
        px={4}
        w="fit-content"
        leftSection={open ? <IconChevronDown size={14} /> : <IconChevronRight size={14} />}
        aria-expanded={open}
        aria-controls={id}
        onClick={toggle}
      >
        {label}
      </Button>
      <Collapse expanded={open} id={id}>
        <Stack gap="md">{open && children}</Stack>
      </Collapse>
    </Stack>
  );
}
