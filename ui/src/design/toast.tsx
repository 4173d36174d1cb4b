import { Anchor, Group, Text } from '@mantine/core';
import { hideNotification, showNotification } from '@mantine/notifications';
import i18next from 'i18next';
import type { ReactNode } from 'react';

const SHOWN_MS = 10_000; // as long as an undo is offered

interface Step {
  label: string;
  act: () => void;
}

function show(message: ReactNode, color: string, next?: Step): void {
  const id = `toast-${crypto.getRandomValues(new Uint32Array(1))[0]}`;
  const content = (
    <Group justify="space-between" wrap="nowrap" gap="md">
      <Text fz="sm" style={{ overflowWrap: 'anywhere' }}>
        {message}
      </Text>
      {next && (
        <Anchor
          component="button"
          type="button"
          fz="sm"
          fw={600}
          style={{ flexShrink: 0 }}
          onClick={() => {
            hideNotification(id);
            next.act();
          }}
        >
          {next.label}
        </Anchor>
      )}
    </Group>
  );
  showNotification({
    id,
    message: content,
    color,
    autoClose: SHOWN_MS,
    closeButtonProps: { 'aria-label': i18next.t('dismiss') },
    role: color === 'red' ? 'alert' : 'status',
  });
}

/** Say what was done, naming the thing, and offer the next step: undo, open. */
export function done(message: ReactNode, next?: Step): void {
  show(message, 'indigo', next);
}

/** Say what went wrong, in the API's own words. */
export function failed(error: Error, next?: Step): void {
  show(error.message, 'red', next);
}
