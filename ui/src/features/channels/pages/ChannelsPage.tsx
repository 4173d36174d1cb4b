import { IconMessages } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { DataTable } from '~/design/DataTable';
import { EmptyState } from '~/design/EmptyState';
import { ListState } from '~/design/ListState';
import { PageHeader } from '~/design/PageHeader';
import { When } from '~/design/When';
import { channelsQuery } from '../queries';

export function ChannelsPage() {
  const { t } = useTranslation('channels');
  const { data, isPending, error, refetch } = useQuery(channelsQuery());
  const items = data?.items ?? [];
  return (
    <>
      <PageHeader title={t('title')} />
      <ListState
        isPending={isPending}
        error={error}
        onRetry={() => void refetch()}
        isEmpty={items.length === 0}
        empty={<EmptyState icon={IconMessages} title={t('emptyTitle')} text={t('emptyText')} />}
      >
        <DataTable
          label={t('title')}
          rows={items}
          columns={[
            {
              title: t('name'),
              cell: ({ id, name }) => (
                <Link className="row-link" to="/channels/$channelId" params={{ channelId: id }}>
                  {name}
                </Link>
              ),
            },
            { title: t('topic'), from: 'md', cell: ({ topic }) => topic },
            { title: t('unread'), align: 'right', cell: ({ unread }) => unread },
            {
              title: t('lastMessage'),
              from: 'sm',
              cell: ({ last_message_at }) => <When at={last_message_at} />,
            },
          ]}
        />
      </ListState>
    </>
  );
}
