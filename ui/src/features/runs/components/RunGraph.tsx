import { Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { catalogQuery } from '~/features/catalog/queries';
import { flat, outline } from '~/features/graph/outline';
import { ReadOnlyGraph } from '~/features/graph/ReadOnlyGraph';
import { StepStates } from '~/features/graph/states';
import type { RunDetail, StepRun } from '../queries';

interface Props {
  run: RunDetail;
  ran: { definition: Record<string, unknown>; step_sentences: Record<string, string> } | undefined;
  notes: (loop: string) => string;
  selected: string | null;
  onSelect: (step: string) => void;
  height: string;
}

/** The graph that the run followed, each step with what became of it. */
export function RunGraph({ run, ran, notes, selected, onSelect, height }: Props) {
  const { t } = useTranslation('runs');
  const states = useMemo(() => new StepStates(), []);
  const { data: catalog } = useQuery(catalogQuery());
  const all = useMemo(() => flat(outline(ran?.definition.actions)), [ran]);
  useEffect(() => {
    const byId = new Map<string, StepRun>(run.action_logs.map((step) => [step.step_id, step]));
    states.put(
      new Map(
        all.map(({ id, inner }) => {
          const step = byId.get(id);
          const note = inner.length ? notes(id) || undefined : undefined;
          return [id, { status: step?.status ?? 'pending', duration_ms: step?.duration_ms, note }];
        }),
      ),
    );
  }, [states, all, run.action_logs, notes]);
  if (!ran) return <Text c="dimmed">{t('versionGone')}</Text>;
  return (
    <ReadOnlyGraph
      actions={ran.definition.actions}
      trigger={catalog?.triggers.find(({ name }) => name === run.trigger_type)?.title ?? run.trigger_type}
      sentences={ran.step_sentences}
      states={states}
      selected={selected}
      onSelect={onSelect}
      height={height}
    />
  );
}
