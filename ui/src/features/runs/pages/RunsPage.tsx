import { IconHistory } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { DataTable } from '~/design/DataTable';
import { Duration } from '~/design/Duration';
import { EmptyState } from '~/design/EmptyState';
import { ListState } from '~/design/ListState';
import { PageHeader } from '~/design/PageHeader';
import { StatusBadge } from '~/design/StatusBadge';
import { When } from '~/design/When';
import { runsQuery } from '../queries';

const route = getRouteApi('/inside/automations/logs');

export function RunsPage() {
  const { t } = useTranslation('runs');
  const filter = route.useSearch();
  const { data, isPending, error, refetch } = useQuery(runsQuery(filter));
  const items = data?.items ?? [];
  return (
    <>
      <PageHeader title={t('title')} />
      <ListState
        isPending={isPending}
        error={error}
        onRetry={() => void refetch()}
        isEmpty={items.length === 0}
        empty={<EmptyState icon={IconHistory} title={t('emptyTitle')} text={t('emptyText')} />}
      >
        <DataTable
          label={t('title')}
          rows={items}
          columns={[
            {
              title: t('automation'),
              cell: ({ id, automation_name }) => (
                <Link className="row-link" to="/automations/logs/$logId" params={{ logId: id }}>
                  {automation_name}
                </Link>
              ),
            },
            { title: t('status'), cell: ({ status }) => <StatusBadge status={status} /> },
            { title: t('trigger'), from: 'md', cell: ({ trigger_type }) => trigger_type },
            { title: t('began'), from: 'sm', cell: ({ created_at }) => <When at={created_at} /> },
            {
              title: t('duration'),
              from: 'sm',
              align: 'right',
              cell: ({ duration_ms }) => <Duration ms={duration_ms} />,
            },
          ]}
        />
      </ListState>
    </>
  );
}
