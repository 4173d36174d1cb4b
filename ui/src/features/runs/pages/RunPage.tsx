import { Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { DataTable } from '~/design/DataTable';
import { Duration } from '~/design/Duration';
import { Facts } from '~/design/Facts';
import { LoadError } from '~/design/ListState';
import { PageHeader } from '~/design/PageHeader';
import { StatusBadge } from '~/design/StatusBadge';
import { When } from '~/design/When';
import { runQuery } from '../queries';

const route = getRouteApi('/inside/automations/logs/$logId');

export function RunPage() {
  const { t } = useTranslation('runs');
  const { logId } = route.useParams();
  const { data, error, refetch } = useQuery(runQuery(logId));
  if (error) return <LoadError error={error} onRetry={() => void refetch()} />;
  if (!data) return <Skeleton height={200} />;
  return (
    <>
      <PageHeader title={data.automation_name} />
      <Facts
        facts={[
          [t('status'), <StatusBadge key="status" status={data.status} />],
          [t('began'), <When key="began" at={data.created_at} />],
          [t('duration'), <Duration key="duration" ms={data.duration_ms} />],
          [t('error'), data.error],
        ]}
      />
      <DataTable
        label={t('steps')}
        rows={data.action_logs}
        columns={[
          { title: t('step'), cell: ({ step_id }) => step_id },
          { title: t('status'), cell: ({ status }) => <StatusBadge status={status} /> },
          { title: t('duration'), align: 'right', cell: ({ duration_ms }) => <Duration ms={duration_ms} /> },
        ]}
      />
    </>
  );
}
