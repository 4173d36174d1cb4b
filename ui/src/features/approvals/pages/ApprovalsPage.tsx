import { IconChecklist } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { DataTable } from '~/design/DataTable';
import { EmptyState } from '~/design/EmptyState';
import { ListState } from '~/design/ListState';
import { PageHeader } from '~/design/PageHeader';
import { When } from '~/design/When';
import { approvalsQuery } from '../queries';

const route = getRouteApi('/inside/approvals');

export function ApprovalsPage() {
  const { t } = useTranslation('approvals');
  const filter = route.useSearch();
  const { data, isPending, error, refetch } = useQuery(approvalsQuery(filter));
  const items = data?.items ?? [];
  return (
    <>
      <PageHeader title={t('title')} />
      <ListState
        isPending={isPending}
        error={error}
        onRetry={() => void refetch()}
        isEmpty={items.length === 0}
        empty={<EmptyState icon={IconChecklist} title={t('emptyTitle')} text={t('emptyText')} />}
      >
        <DataTable
          label={t('title')}
          rows={items}
          columns={[
            { title: t('automation'), cell: ({ automation_name }) => automation_name },
            { title: t('question'), cell: ({ message }) => message },
            {
              title: t('run'),
              from: 'sm',
              cell: ({ run_id, step_id }) => (
                <Link to="/automations/logs/$logId" params={{ logId: run_id }}>
                  {step_id}
                </Link>
              ),
            },
            { title: t('asked'), from: 'sm', cell: ({ created_at }) => <When at={created_at} /> },
          ]}
        />
      </ListState>
    </>
  );
}
