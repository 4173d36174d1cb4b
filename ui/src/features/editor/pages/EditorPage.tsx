import '../components/editor.css';
import { Skeleton, Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { LoadError } from '~/design/ListState';
import { agentsQuery } from '~/features/agents/queries';
import { catalogQuery } from '~/features/catalog/queries';
import { EditorProvider } from '../components/EditorContext';
import { EditorFrame } from '../components/EditorFrame';
import { useOpened } from '../components/useOpened';
import type { Action, Trigger } from '../document/kinds';
import { draftQuery } from '../queries';
import type { Detail } from '../saving/autosave';

const route = getRouteApi('/inside/automations/$automationId/edit');

/** The visual editor of one automation's draft. */
export function EditorPage() {
  const { automationId } = route.useParams();
  const draft = useQuery(draftQuery(automationId));
  const catalog = useQuery(catalogQuery());
  // They stand in the palette: coming later they would push what somebody is about to drag.
  const agents = useQuery(agentsQuery());
  const failed = draft.isLoadingError ? draft : catalog.isLoadingError ? catalog : null;
  if (failed?.error) return <LoadError error={failed.error} onRetry={() => void failed.refetch()} />;
  if (!draft.data || !catalog.data || (agents.isPending && agents.failureCount === 0))
    return (
      <Stack aria-busy="true">
        <Skeleton height={36} maw={500} />
        <Skeleton height="60vh" />
      </Stack>
    );
  const { actions, triggers } = catalog.data;
  return <Opened key={automationId} detail={draft.data} actions={actions} triggers={triggers} />;
}

function Opened(props: { detail: Detail; actions: Action[]; triggers: Trigger[] }) {
  const { run, step } = route.useSearch();
  const editor = useOpened(props.detail, props.actions, props.triggers);
  if (!editor) return <Skeleton height="60vh" />;
  return (
    <EditorProvider value={editor}>
      <EditorFrame run={run} step={step} />
    </EditorProvider>
  );
}
