import { ActionIcon, Badge, Button, Group, Skeleton, Text, Title } from '@mantine/core';
import { IconChevronLeft, IconUsers, IconX } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { LoadError } from '~/design/ListState';
import { ButtonLink } from '~/design/links';
import { PageHeader } from '~/design/PageHeader';
import { ChannelFrame } from '../components/ChannelFrame';
import classes from '../components/ChannelFrame.module.css';
import { Conversation } from '../components/Conversation';
import { Details } from '../components/Details';
import { type Channel, channelQuery } from '../queries';

const route = getRouteApi('/inside/channels/$channelId');

export function ChannelPage() {
  const { channelId } = route.useParams();
  const { thread } = route.useSearch();
  const { data, error, refetch } = useQuery(channelQuery(channelId));
  return (
    <ChannelFrame openId={channelId}>
      {error && <LoadError error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Skeleton height={200} aria-busy="true" />}
      {data && <Open key={data.id} channel={data} thread={thread} />}
    </ChannelFrame>
  );
}

function Open({ channel, thread }: { channel: Channel; thread: string | undefined }) {
  const { t } = useTranslation('channels');
  const navigate = route.useNavigate();
  const [details, setDetails] = useState(false);
  const show = (next: string | undefined) => void navigate({ search: { thread: next } });
  return (
    <>
      <Group wrap="nowrap" gap={6} align="flex-start">
        <ButtonLink
          to="/channels"
          variant="subtle"
          color="gray"
          px={6}
          hiddenFrom="sm"
          aria-label={t('toList')}
        >
          <IconChevronLeft size={18} />
        </ButtonLink>
        <div style={{ flex: 1, minWidth: 0 }}>
          <PageHeader
            title={channel.name}
            description={
              channel.connection_id ? (
                <Badge component="span" variant="light" color="gray" tt="none">
                  {t('outside')}
                </Badge>
              ) : (
                channel.topic
              )
            }
            actions={
              <Button
                variant="default"
                size="xs"
                leftSection={<IconUsers size={15} />}
                onClick={() => setDetails(true)}
              >
                {t('members')}
              </Button>
            }
          />
        </div>
      </Group>
      <Group wrap="nowrap" align="stretch" gap={0} style={{ flex: 1, minHeight: 0 }}>
        <Group
          visibleFrom={thread ? 'md' : undefined}
          wrap="nowrap"
          style={{ flex: 1, minWidth: 0, minHeight: 0 }}
        >
          <div style={{ display: 'flex', flexDirection: 'column', flex: 1, minWidth: 0, height: '100%' }}>
            <Conversation channel={channel} onThread={show} />
          </div>
        </Group>
        {thread && (
          <section className={classes.thread} aria-label={t('thread')}>
            <Group justify="space-between">
              <Title order={2}>{t('thread')}</Title>
              <ActionIcon
                variant="subtle"
                color="gray"
                aria-label={t('closeThread')}
                onClick={() => show(undefined)}
              >
                <IconX size={16} />
              </ActionIcon>
            </Group>
            <Text fz="xs" c="dimmed" mb="xs">
              {t('threadHint')}
            </Text>
            <Conversation key={thread} channel={channel} thread={thread} />
          </section>
        )}
      </Group>
      <Details channel={channel} opened={details} onClose={() => setDetails(false)} />
    </>
  );
}
