import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { answer, api } from '~/api/client';
import { done, failed } from '~/design/toast';
import { alertKeys } from './queries';

/** Say that an alert is seen to; the same again is a new one. */
export function useResolve() {
  const { t } = useTranslation('alerts');
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ id }: { id: string; title: string }) =>
      answer(api.POST('/api/alerts/{alert_id}/resolve', { params: { path: { alert_id: id } } })),
    onSuccess: (_alert, { title }) => done(t('resolvedNow', { title })),
    onError: (error) => failed(error),
    onSettled: () => client.invalidateQueries({ queryKey: alertKeys.all }),
  });
}
