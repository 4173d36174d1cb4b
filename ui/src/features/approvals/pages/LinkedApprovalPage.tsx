import { Alert, Button, Code, Group, Skeleton } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { answer, api } from '~/api/client';
import { LoadError } from '~/design/ListState';
import { PageHeader } from '~/design/PageHeader';
import { linkedApprovalQuery } from '../queries';

const route = getRouteApi('/outside/approvals/$token');

export function LinkedApprovalPage() {
  const { t } = useTranslation('approvals');
  const { token } = route.useParams();
  const { data, error, refetch } = useQuery(linkedApprovalQuery(token));
  const decide = useMutation({
    mutationFn: (decision: 'approve' | 'reject') =>
      answer(
        api.POST('/api/approvals/by-token/{token}', { params: { path: { token } }, body: { decision } }),
      ),
  });
  if (error) return <LoadError error={error} onRetry={() => void refetch()} />;
  if (!data) return <Skeleton height={200} />;
  return (
    <>
      <PageHeader title={data.automation_name} description={data.message} />
      <Code block mb="md">
        {JSON.stringify(data.input, null, 2)}
      </Code>
      {decide.error && (
        <Alert color="red" variant="light" mb="md" role="alert">
          {decide.error.message}
        </Alert>
      )}
      {decide.isSuccess || data.state !== 'pending' ? (
        <Alert color="teal" variant="light" role="status">
          {t('answered')}
        </Alert>
      ) : (
        <Group grow>
          <Button variant="default" onClick={() => decide.mutate('reject')} loading={decide.isPending}>
            {t('reject')}
          </Button>
          <Button onClick={() => decide.mutate('approve')} loading={decide.isPending}>
            {t('approve')}
          </Button>
        </Group>
      )}
    </>
  );
}
