import { Group, Text } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { answer, api } from '~/api/client';
import { Confirmed } from '~/design/Confirmed';
import { done, failed } from '~/design/toast';
import { type Approval, approvalKeys } from '../queries';

type Verdict = 'approve' | 'reject';

/** Whether nothing has to be read or filled in to answer: a plain question, put to the reader. */
export function isSimple({ state, kind, may_answer, form }: Approval): boolean {
  return state === 'pending' && kind !== 'doubt' && may_answer && !form;
}

/** Several questions answered alike, after a look at what they are. */
export function BulkBar({ chosen, onDone }: { chosen: Approval[]; onDone: () => void }) {
  const { t } = useTranslation('approvals');
  const client = useQueryClient();
  const decide = useMutation({
    mutationFn: async (decision: Verdict) => {
      const sent = chosen.map(({ id }) =>
        answer(
          api.POST('/api/approvals/{approval_id}/answer', {
            params: { path: { approval_id: id } },
            body: { decision },
          }),
        ),
      );
      const told = await Promise.allSettled(sent);
      return told.filter((each) => each.status === 'rejected').map(({ reason }) => reason as Error);
    },
    onSuccess: (errors, decision) => {
      const count = chosen.length - errors.length;
      if (count) done(t(decision === 'approve' ? 'approvedMany' : 'rejectedMany', { count }));
      if (errors[0]) failed(errors[0]);
      onDone();
    },
    onSettled: () => {
      void client.invalidateQueries({ queryKey: approvalKeys.all });
      void client.invalidateQueries({ queryKey: ['history'] });
    },
  });
  const list = chosen.map(({ automation_name, message }) => `${automation_name}: ${message}`).join('\n');
  return (
    <Group gap="xs" role="group" aria-label={t('picked', { count: chosen.length })} className="inbox-bulk">
      <Text fz="sm" fw={500} style={{ flex: 1 }}>
        {t('picked', { count: chosen.length })}
      </Text>
      {(['approve', 'reject'] as const).map((decision) => (
        <Confirmed
          key={decision}
          size="compact-sm"
          label={t(decision === 'approve' ? 'approveMany' : 'rejectMany', { count: chosen.length })}
          text={list}
          color={decision === 'approve' ? 'indigo' : 'red'}
          isPending={decide.isPending}
          onConfirm={() => decide.mutate(decision)}
        />
      ))}
    </Group>
  );
}
