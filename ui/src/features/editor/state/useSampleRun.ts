import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import { captureQuery } from '~/forms/triggers/webhookQueries';
import { useEditor, useSaving } from '../components/EditorContext';
import { lastRunQuery, sampleRunQuery } from '../queries';
import { useSamples } from './samples';
import { useStatuses } from './status';

/** The sample follows by itself: the run in the address, else the last one; and what is captured from now on. */
export function useSampleRun(run: string | undefined): void {
  const { id } = useEditor();
  const last = useQuery({ ...lastRunQuery(id), enabled: run === undefined });
  const wanted = run ?? last.data?.id;
  const { data } = useQuery({ ...sampleRunQuery(wanted ?? ''), enabled: wanted !== undefined });
  useEffect(() => {
    const samples = useSamples.getState();
    if (!data || samples.run === data.id) return;
    if (run === undefined) {
      if (samples.source === null) samples.ofRun(data);
      return;
    }
    samples.ofRun(data);
    useStatuses.getState().begin(run, { follow: false });
  }, [data, run]);
  useCaptured(run === undefined && last.isSuccess && last.data === null);
}

/** A request that is captured while the editor is open is the sample; an older one where there is no run. */
function useCaptured(nothingElse: boolean): void {
  const { id } = useEditor();
  const isWebhook = useSaving(({ detail }) => detail.webhook !== null);
  const { data } = useQuery({ ...captureQuery(id), enabled: isWebhook });
  const known = useRef<string | null | undefined>(undefined);
  useEffect(() => {
    if (!data) return;
    const at = data.sample?.received_at ?? null;
    const isNew = known.current !== undefined && at !== known.current;
    if (data.sample && (isNew || (nothingElse && useSamples.getState().source === null)))
      useSamples.getState().ofCapture(data.sample);
    if (data.state !== 'armed' || known.current === undefined) known.current = at;
  }, [data, nothingElse]);
}
