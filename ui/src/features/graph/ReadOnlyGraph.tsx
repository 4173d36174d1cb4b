import { Skeleton } from '@mantine/core';
import { lazy, Suspense } from 'react';
import type { StepStates } from './states';

const Drawing = lazy(() => import('./Drawing').then((module) => ({ default: module.Drawing })));

export interface GraphProps {
  /** `actions` of a definition. */
  actions: unknown;
  trigger: string;
  sentences?: Record<string, string>;
  states?: StepStates;
  selected?: string | null;
  onSelect?: (stepId: string) => void;
  height?: number | string;
}

/** The steps of an automation as a graph that is only looked at. Its code comes when it is first shown. */
export function ReadOnlyGraph(props: GraphProps) {
  const height = props.height ?? 420;
  return (
    <Suspense fallback={<Skeleton height={height} />}>
      <Drawing {...props} height={height} />
    </Suspense>
  );
}
