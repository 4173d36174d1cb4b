import { Loader } from '@mantine/core';
import {
  IconCircle,
  IconCircleCheckFilled,
  IconCircleDashed,
  IconCircleMinus,
  IconCircleXFilled,
  IconClockPause,
  IconHelpCircleFilled,
} from '@tabler/icons-react';
import type { StepRun } from '../queries';

/** How a step stands, as a small sign; the word stands beside it. */
export function StepIcon({ status }: { status: StepRun['status'] | 'notRun' }) {
  const size = 15;
  switch (status) {
    case 'success':
      return <IconCircleCheckFilled size={size} color="var(--mantine-color-teal-6)" aria-hidden />;
    case 'failed':
      return <IconCircleXFilled size={size} color="var(--mantine-color-red-6)" aria-hidden />;
    case 'unknown':
      return <IconHelpCircleFilled size={size} color="var(--mantine-color-red-6)" aria-hidden />;
    case 'running':
      return <Loader size={13} color="blue" aria-hidden />;
    case 'waiting':
      return <IconClockPause size={size} color="var(--mantine-color-yellow-7)" aria-hidden />;
    case 'skipped':
      return <IconCircleMinus size={size} color="var(--mantine-color-dimmed)" aria-hidden />;
    case 'notRun':
      return <IconCircle size={size} color="var(--mantine-color-dimmed)" aria-hidden />;
    default:
      return <IconCircleDashed size={size} color="var(--mantine-color-dimmed)" aria-hidden />;
  }
}
