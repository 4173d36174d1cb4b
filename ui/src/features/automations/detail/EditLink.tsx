import { Button, type ButtonProps } from '@mantine/core';
import { useRouter } from '@tanstack/react-router';
import type { MouseEvent, ReactNode } from 'react';

interface Props extends ButtonProps {
  automationId: string;
  /** The run whose data the editor is to show. */
  run?: string;
  children: ReactNode;
}

/** To the editor, with a run's data where one is named. */
export function EditLink({ automationId, run, children, ...button }: Props) {
  const router = useRouter();
  const href = `/automations/${automationId}/edit${run ? `?run=${run}` : ''}`;
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
