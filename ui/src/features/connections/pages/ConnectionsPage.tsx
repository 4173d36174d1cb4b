import { IconPlugConnected } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { DataTable } from '~/design/DataTable';
import { EmptyState } from '~/design/EmptyState';
import { ListState } from '~/design/ListState';
import { PageHeader } from '~/design/PageHeader';
import { When } from '~/design/When';
import { catalogQuery } from '~/features/catalog/queries';
import { connectionsQuery } from '../queries';

export function ConnectionsPage() {
  const { t } = useTranslation('connections');
  const kinds = useQuery(catalogQuery()).data?.connections ?? [];
  const { data, isPending, error, refetch } = useQuery(connectionsQuery());
  const items = data?.items ?? [];
  return (
    <>
      <PageHeader title={t('title')} />
      <ListState
        isPending={isPending}
        error={error}
        onRetry={() => void refetch()}
        isEmpty={items.length === 0}
        empty={<EmptyState icon={IconPlugConnected} title={t('emptyTitle')} text={t('emptyText')} />}
      >
        <DataTable
          label={t('title')}
          rows={items}
          columns={[
            { title: t('name'), cell: ({ name }) => name },
            { title: t('kind'), cell: ({ kind }) => kinds.find((each) => each.name === kind)?.title ?? kind },
            { title: t('lastUsed'), from: 'sm', cell: ({ last_used_at }) => <When at={last_used_at} /> },
            { title: t('trouble'), from: 'md', cell: ({ last_error }) => last_error ?? '—' },
          ]}
        />
      </ListState>
    </>
  );
}
