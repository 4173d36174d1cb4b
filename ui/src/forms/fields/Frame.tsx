import { Box, Group, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import type { Finding } from '../context';
import classes from './Frame.module.css';

interface Props {
  id: string;
  label: string;
  /** The label names a group of controls, and not one element. */
  group: boolean;
  required: boolean;
  description: string | null;
  findings: Finding[];
  /** On the right of the label. */
  aside?: ReactNode;
  children: ReactNode;
}

export const describedBy = (id: string) => ({ description: `${id}-help`, error: `${id}-error` });

/** A label, its help, the control, and what is wrong with it. */
export function Frame({ id, label, group, required, description, findings, aside, children }: Props) {
  const ids = describedBy(id);
  const words = (
    <>
      {label}
      {required && (
        <Text span c="red" fz="inherit" aria-hidden>
          {' *'}
        </Text>
      )}
    </>
  );
  return (
    <Box role={group ? 'group' : undefined} aria-labelledby={group ? `${id}-label` : undefined}>
      <Group justify="space-between" wrap="nowrap" gap={6} mih={24}>
        {group ? (
          <Text id={`${id}-label`} className={classes.label} fz="sm" fw={600}>
            {words}
          </Text>
        ) : (
          <Text component="label" htmlFor={id} id={`${id}-label`} className={classes.label} fz="sm" fw={600}>
            {words}
          </Text>
        )}
        {aside}
      </Group>
      {description && (
        <Text id={ids.description} className={classes.help} fz="xs" c="dimmed">
          {description}
        </Text>
      )}
      {children}
      {findings.length > 0 && (
        <Box id={ids.error} mt={4}>
          {findings.map((each) => (
            <Text
              key={each.message}
              className={classes.finding}
              fz="xs"
              data-severity={each.severity ?? 'error'}
            >
              {each.message}
            </Text>
          ))}
        </Box>
      )}
    </Box>
  );
}
