import { Loader, Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useEffectEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { ApprovalDetail } from '~/features/approvals/components/ApprovalDetail';
import { questionsOfRunQuery } from '~/features/approvals/queries';
import { said } from '~/i18n/failures';
import { textOf } from '../asking';
import { askedQuery } from '../queries';
import type { Said } from './conversation';

const ENDS = ['success', 'failed', 'cancelled', 'skipped'];
/** Beside what the workspace's stream tells. */
const LOOK_MS = 4000;

/** An answer that goes on without being listened to: what the agent wants to be allowed, and then what it says. */
export function Unanswered({ runId, onEnd }: { runId: string; onEnd: (part: Partial<Said>) => void }) {
  const { t } = useTranslation('agents');
  const { data: run } = useQuery({ ...askedQuery(runId), refetchInterval: LOOK_MS });
  const { data: questions } = useQuery(questionsOfRunQuery(runId));
  const status = run?.status ?? '';
  const end = useEffectEvent(() => {
    if (!run) return;
    if (status === 'success') onEnd({ state: 'done', text: answerOf(run.output) });
    else if (status === 'cancelled') onEnd({ state: 'stopped' });
    else
      onEnd({
        state: 'failed',
        text: run.error ? said(run.error_code, run.error) : t('chat.cut'),
        code: run.error_code ?? undefined,
      });
  });
  useEffect(() => {
    if (ENDS.includes(status)) end();
  }, [status]);
  const open = (questions ?? []).filter(({ state }) => state === 'pending');
  return (
    <Stack gap="sm">
      {open.map(({ id }) => (
        <ApprovalDetail key={id} id={id} isInRun />
      ))}
      {open.length === 0 && <Loader size="xs" type="dots" role="img" aria-label={t('states.processing')} />}
    </Stack>
  );
}

function answerOf(output: unknown): string {
  if (typeof output === 'object' && output !== null && 'text' in output) return String(output.text);
  return textOf(output);
}
