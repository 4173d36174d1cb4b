import { Stack, Text } from '@mantine/core';
import { IconMessages, IconSearch } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { EmptyState } from '~/design/EmptyState';
import { ListState } from '~/design/ListState';
import { ButtonLink } from '~/design/links';
import { PageHeader } from '~/design/PageHeader';
import { When } from '~/design/When';
import { ChannelFrame } from '../components/ChannelFrame';
import { channelsQuery, foundQuery } from '../queries';

const route = getRouteApi('/inside/channels');

export function ChannelsPage() {
  const { t } = useTranslation('channels');
  const { q } = route.useSearch();
  const general = useQuery(channelsQuery()).data?.items.find(({ name }) => name === 'general');
  return (
    <ChannelFrame covers={Boolean(q)}>
      <PageHeader title={q ? t('foundTitle', { q }) : t('title')} />
      {q ? (
        <Found q={q} />
      ) : (
        <EmptyState icon={IconMessages} title={t('chooseTitle')} text={t('emptyText')}>
          {general && (
            <ButtonLink to="/channels/$channelId" params={{ channelId: general.id }}>
              {t('openGeneral')}
            </ButtonLink>
          )}
        </EmptyState>
      )}
    </ChannelFrame>
  );
}

function Found({ q }: { q: string }) {
  const { t } = useTranslation('channels');
  const { data, isLoading, error, refetch } = useQuery(foundQuery(q));
  const channels = useQuery(channelsQuery()).data?.items ?? [];
  return (
    <ListState
      isPending={isLoading}
      error={error}
      onRetry={() => void refetch()}
      isEmpty={!data || data.items.length === 0}
      empty={<EmptyState icon={IconSearch} title={t('nothingTitle')} text={t('nothingText')} />}
    >
      <Stack gap="xs" style={{ overflowY: 'auto' }}>
        {data?.items.map(({ id, channel_id, thread_id, author, text, sent_at }) => (
          <Link
            key={id}
            to="/channels/$channelId"
            params={{ channelId: channel_id }}
            search={{ thread: thread_id ?? undefined }}
            style={{ color: 'inherit', textDecoration: 'none' }}
          >
            <Text fz="xs" c="dimmed" component="div">
              {channels.find((each) => each.id === channel_id)?.name} · {author.name} · <When at={sent_at} />
            </Text>
            <Text fz="sm" lineClamp={3} style={{ overflowWrap: 'anywhere' }}>
              {text}
            </Text>
          </Link>
        ))}
      </Stack>
    </ListState>
  );
}
