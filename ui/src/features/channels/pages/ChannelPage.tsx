import { Group, Skeleton, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { LoadError } from '~/design/ListState';
import { PageHeader } from '~/design/PageHeader';
import { When } from '~/design/When';
import { channelQuery, messagesQuery } from '../queries';

const route = getRouteApi('/inside/channels/$channelId');

export function ChannelPage() {
  const { t } = useTranslation('channels');
  const { channelId } = route.useParams();
  const { data, error, refetch } = useQuery(channelQuery(channelId));
  const { data: messages } = useQuery(messagesQuery(channelId));
  if (error) return <LoadError error={error} onRetry={() => void refetch()} />;
  if (!data) return <Skeleton height={200} />;
  return (
    <>
      <PageHeader title={data.name} description={data.topic} />
      <Stack gap="sm" component="ul" p={0} style={{ listStyle: 'none' }}>
        {messages?.items.map(({ id, author, text, sent_at }) => (
          <Stack component="li" key={id} gap={2}>
            <Group gap={8}>
              <Text fz="sm" fw={600}>
                {author.name}
              </Text>
              <Text fz="xs" c="dimmed">
                <When at={sent_at} />
              </Text>
            </Group>
            <Text fz="sm" style={{ whiteSpace: 'pre-wrap' }}>
              {text}
            </Text>
          </Stack>
        ))}
      </Stack>
      {messages?.items.length === 0 && <Text c="dimmed">{t('noMessages')}</Text>}
    </>
  );
}
