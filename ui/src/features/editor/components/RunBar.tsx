import { ActionIcon, Button, Group, Text } from '@mantine/core';
import { IconX } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { answer, api } from '~/api/client';
import { type Happening, watch } from '~/api/stream';
import { useHappenings } from '~/app/shell/useLive';
import { ButtonLink } from '~/design/links';
import { StatusBadge } from '~/design/StatusBadge';
import { failed } from '~/design/toast';
import { said } from '~/i18n/failures';
import { sampleRunQuery } from '../queries';
import { useSamples } from '../state/samples';
import { useStatuses } from '../state/status';
import { useEditor } from './EditorContext';

const ENDED = ['success', 'failed', 'cancelled', 'skipped'];

const CALM_MS = 1000;

/** A run of this automation that begins elsewhere, as by its webhook, is shown: unless one goes on, or was closed. */
function useFollowing(): void {
  const { id } = useEditor();
  const begun = useRef(0);
  const hear = useCallback(
    ({ kind, data }: Happening) => {
      const { run, status, following, begin } = useStatuses.getState();
      if (kind !== 'run' || data.rule !== id || !following || data.run === run) return;
      if (ENDED.includes(String(data.status)) || (run !== null && !ENDED.includes(status ?? ''))) return;
      if (Date.now() - begun.current < CALM_MS) return;
      begun.current = Date.now();
      begin(String(data.run));
    },
    [id],
  );
  useHappenings(hear);
}

/** The run that is watched on the canvas: its steps' states come by its event stream, its data when it has ended. */
/** What went wrong with a run or a step, if something did. */
function failure(of: Record<string, unknown>): string | null {
  return typeof of.error === 'string' ? said(String(of.error_code), of.error) : null;
}

export function RunBar() {
  const { t } = useTranslation('editor');
  const client = useQueryClient();
  const run = useStatuses((state) => state.run);
  const status = useStatuses((state) => state.status);
  const error = useStatuses((state) => state.error);
  const forget = useStatuses((state) => state.forget);
  useFollowing();
  useEffect(() => {
    if (!run) return;
    const end = new AbortController();
    const seen = new Map<string, Set<string>>();
    void watch(
      `/api/automations/logs/${run}/stream`,
      {
        onEvent: ({ kind, data }) => {
          const { runIs, stepIs } = useStatuses.getState();
          if (kind === 'run') runIs(String(data.status), failure(data));
          if (kind !== 'step') return;
          const id = String(data.step_id);
          const items = seen.get(id) ?? new Set();
          if (typeof data.iteration === 'string' && data.iteration) items.add(data.iteration);
          seen.set(id, items);
          stepIs(id, {
            status: String(data.status),
            ...(data.provisional
              ? {}
              : {
                  durationMs: typeof data.duration_ms === 'number' ? data.duration_ms : null,
                  attempt: Number(data.attempt ?? 1),
                  error: failure(data),
                  items: items.size,
                }),
          });
        },
        onOpen: () => undefined,
        onLost: () => undefined,
      },
      end.signal,
    ).then(async () => {
      if (end.signal.aborted) return;
      const detail = await client.fetchQuery({ ...sampleRunQuery(run), staleTime: 0 });
      const { runIs, stepIs } = useStatuses.getState();
      runIs(detail.status, failure({ ...detail }));
      for (const log of detail.action_logs)
        if (!log.iteration)
          stepIs(log.step_id, {
            status: log.status,
            durationMs: log.duration_ms,
            error: failure({ ...log }),
          });
      useSamples.getState().ofRun(detail);
    });
    return () => end.abort();
  }, [run, client]);
  const cancel = useMutation({
    mutationFn: (id: string) =>
      answer(api.POST('/api/automations/logs/{log_id}/cancel', { params: { path: { log_id: id } } })),
    onError: (problem) => failed(problem),
  });
  if (!run) return null;
  const ended = status !== null && ENDED.includes(status);
  return (
    <Group gap="sm" className="run-bar" role="status" data-run={run} wrap="nowrap">
      <StatusBadge status={status ?? 'queued'} />
      <Text fz="sm" truncate style={{ flex: 1, minWidth: 0 }} title={error ?? undefined}>
        {error ?? t(ended ? 'runEnded' : 'runGoes')}
      </Text>
      {!ended && (
        <Button
          size="compact-xs"
          variant="default"
          loading={cancel.isPending}
          onClick={() => cancel.mutate(run)}
        >
          {t('cancelRun')}
        </Button>
      )}
      <ButtonLink size="compact-xs" variant="default" to="/automations/logs/$logId" params={{ logId: run }}>
        {t('openRun')}
      </ButtonLink>
      <ActionIcon
        variant="subtle"
        color="gray"
        size="sm"
        aria-label={t('closeRun')}
        onClick={() => forget({ follow: false })}
      >
        <IconX size={14} />
      </ActionIcon>
    </Group>
  );
}
