import { Button, type ButtonProps } from '@mantine/core';
import { useRouter } from '@tanstack/react-router';
import type { MouseEvent, ReactNode } from 'react';

interface Props extends ButtonProps {
  automationId: string;
  /** The run whose data the editor is to show. */
  run?: string;
  /** The step that is to be chosen there. */
  step?: string;
  children: ReactNode;
}

/** To the editor, with a run's data where one is named. */
export function EditLink({ automationId, run, step, children, ...button }: Props) {
  const router = useRouter();
  const asked = new URLSearchParams({ ...(run && { run }), ...(step && { step }) }).toString();
  const href = `/automations/${automationId}/edit${asked && `?${asked}`}`;
  const follow = (event: MouseEvent) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    router.history.push(href);
  };
  return (
    <Button component="a" href={href} onClick={follow} {...button}>
      {children}
    </Button>
  );
}
