import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { answer, api } from '~/api/client';
import { done } from '~/design/toast';
import { type Approval, approvalKeys, type Reply } from './queries';

interface Answer {
  approval: Pick<Approval, 'id' | 'automation_name' | 'run_id'>;
  reply: Reply;
}

/** Answer a question. It can't be undone: the run goes on at once. */
export function useAnswer() {
  const { t } = useTranslation('approvals');
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ approval, reply }: Answer) =>
      answer(
        api.POST('/api/approvals/{approval_id}/answer', {
          params: { path: { approval_id: approval.id } },
          body: reply,
        }),
      ),
    onSuccess: (_answered, { approval, reply }) => {
      done(t(`said.${reply.decision}`, { name: approval.automation_name }));
    },
    onSettled: (_data, _error, { approval }) => {
      void client.invalidateQueries({ queryKey: approvalKeys.all });
      void client.invalidateQueries({ queryKey: ['history', 'detail', approval.run_id] });
    },
  });
}
