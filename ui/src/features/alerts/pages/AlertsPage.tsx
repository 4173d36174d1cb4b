import { IconAlertTriangle } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { DataTable } from '~/design/DataTable';
import { EmptyState } from '~/design/EmptyState';
import { ListState } from '~/design/ListState';
import { PageHeader } from '~/design/PageHeader';
import { When } from '~/design/When';
import { alertsQuery } from '../queries';

export function AlertsPage() {
  const { t } = useTranslation('alerts');
  const { data, isPending, error, refetch } = useQuery(alertsQuery());
  const items = data?.items ?? [];
  return (
    <>
      <PageHeader title={t('title')} />
      <ListState
        isPending={isPending}
        error={error}
        onRetry={() => void refetch()}
        isEmpty={items.length === 0}
        empty={<EmptyState icon={IconAlertTriangle} title={t('emptyTitle')} text={t('emptyText')} />}
      >
        <DataTable
          label={t('title')}
          rows={items}
          columns={[
            {
              title: t('what'),
              cell: ({ id, title }) => (
                <Link className="row-link" to="/alerts/$alertId" params={{ alertId: id }}>
                  {title}
                </Link>
              ),
            },
            { title: t('times'), align: 'right', cell: ({ count }) => count },
            { title: t('last'), from: 'sm', cell: ({ last_at }) => <When at={last_at} /> },
          ]}
        />
      </ListState>
    </>
  );
}
