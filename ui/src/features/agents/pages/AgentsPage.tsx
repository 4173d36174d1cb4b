import { IconRobot } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { DataTable } from '~/design/DataTable';
import { EmptyState } from '~/design/EmptyState';
import { ListState } from '~/design/ListState';
import { PageHeader } from '~/design/PageHeader';
import { agentsQuery } from '../queries';

export function AgentsPage() {
  const { t } = useTranslation('agents');
  const { data, isPending, error, refetch } = useQuery(agentsQuery());
  const items = data?.items ?? [];
  return (
    <>
      <PageHeader title={t('title')} />
      <ListState
        isPending={isPending}
        error={error}
        onRetry={() => void refetch()}
        isEmpty={items.length === 0}
        empty={<EmptyState icon={IconRobot} title={t('emptyTitle')} text={t('emptyText')} />}
      >
        <DataTable
          label={t('title')}
          rows={items}
          columns={[
            {
              title: t('name'),
              cell: ({ id, name }) => (
                <Link className="row-link" to="/agents/$agentId" params={{ agentId: id }}>
                  {name}
                </Link>
              ),
            },
            { title: t('model'), from: 'sm', cell: ({ model }) => model ?? '—' },
            { title: t('description'), from: 'md', cell: ({ description }) => description },
          ]}
        />
      </ListState>
    </>
  );
}
