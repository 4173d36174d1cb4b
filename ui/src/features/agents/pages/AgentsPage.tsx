import { Button, CloseButton, Group, Stack, Switch, Text, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { IconBuildingStore, IconPlus, IconRobot, IconSearch } from '@tabler/icons-react';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { DataTable } from '~/design/DataTable';
import { EmptyState } from '~/design/EmptyState';
import { ListState } from '~/design/ListState';
import { ButtonLink } from '~/design/links';
import { PageHeader } from '~/design/PageHeader';
import { StatusBadge } from '~/design/StatusBadge';
import { When } from '~/design/When';
import { catalogQuery } from '~/features/catalog/queries';
import { channelsQuery } from '~/features/channels/queries';
import { useMayUse } from '~/features/connections/roles';
import { said } from '~/i18n/failures';
import { AgentAvatar } from '../components/AgentAvatar';
import { AgentStatus } from '../components/AgentStatus';
import { WhyOffline } from '../components/WhyOffline';
import { useSwitchAgent } from '../mutations';
import { agentPagesQuery } from '../queries';

const route = getRouteApi('/inside/agents');
const TYPING_MS = 200;

export function AgentsPage() {
  const { t } = useTranslation('agents');
  const { t: tApp } = useTranslation();
  const { search } = route.useSearch();
  const navigate = route.useNavigate();
  const [typed, setTyped] = useState(search ?? '');
  const list = useInfiniteQuery(agentPagesQuery(search));
  const channels = useQuery(channelsQuery()).data?.items ?? [];
  const toggle = useSwitchAgent();
  const mayEdit = useMayUse();
  const triggers = useQuery(catalogQuery()).data?.triggers ?? [];
  const trigger = (name: string) =>
    triggers.find((each) => each.name === name || each.aliases.includes(name))?.title ?? name;
  const items = list.data?.pages.flatMap((page) => page.items) ?? [];
  const reasons = new Set(
    items.flatMap(({ enabled, reason, reason_code }) =>
      enabled && reason ? [said(reason_code, reason)] : [],
    ),
  );
  const show = (next: string) => void navigate({ search: { search: next || undefined }, replace: true });
  const showLater = useDebouncedCallback(show, TYPING_MS);
  const type = (next: string) => {
    setTyped(next);
    showLater(next);
  };
  const create = (
    <ButtonLink to="/admin/agents/new" leftSection={<IconPlus size={16} />}>
      {t('create')}
    </ButtonLink>
  );
  const market = (
    <ButtonLink to="/admin/marketplace" variant="default" leftSection={<IconBuildingStore size={16} />}>
      {t('fromTemplate')}
    </ButtonLink>
  );
  return (
    <>
      <PageHeader
        title={t('title')}
        actions={
          mayEdit && (
            <>
              {market}
              {create}
            </>
          )
        }
      />
      <TextInput
        role="searchbox"
        aria-label={t('search')}
        placeholder={t('search')}
        leftSection={<IconSearch size={15} aria-hidden />}
        rightSection={
          typed && <CloseButton size="sm" aria-label={t('forgetSearch')} onClick={() => type('')} />
        }
        value={typed}
        onChange={(event) => type(event.currentTarget.value)}
        w={{ base: '100%', xs: 260 }}
        mb="sm"
      />
      <WhyOffline reasons={[...reasons]} />
      <ListState
        isPending={list.isPending}
        error={list.error}
        onRetry={() => void list.refetch()}
        isEmpty={items.length === 0}
        empty={
          search ? (
            <EmptyState icon={IconSearch} title={t('nothingTitle')} text={t('nothingText')} />
          ) : (
            <EmptyState icon={IconRobot} title={t('emptyTitle')} text={t('emptyText')}>
              {mayEdit && market}
            </EmptyState>
          )
        }
      >
        <DataTable
          label={t('title')}
          rows={items}
          columns={[
            {
              title: t('name'),
              cell: ({ id, name, avatar, description }) => (
                <Group gap="sm" wrap="nowrap">
                  <AgentAvatar avatar={avatar} />
                  <Stack gap={0} style={{ minWidth: 0 }}>
                    <Link className="row-link" to="/agents/$agentId" params={{ agentId: id }}>
                      {name}
                    </Link>
                    <Text fz="xs" c="dimmed" lineClamp={1}>
                      {description}
                    </Text>
                  </Stack>
                </Group>
              ),
            },
            {
              title: t('state'),
              cell: ({ status, reason, reason_code }) => (
                <AgentStatus status={status} reason={reason && said(reason_code, reason)} />
              ),
            },
            {
              title: t('trigger'),
              from: 'md',
              cell: ({ trigger_type }) => (trigger_type ? trigger(trigger_type) : '—'),
            },
            {
              title: t('lastRun'),
              from: 'sm',
              cell: ({ last_run }) => (
                <Group gap={8} wrap="nowrap">
                  {last_run?.status && <StatusBadge status={last_run.status} />}
                  {last_run?.id ? (
                    <Link className="row-link" to="/automations/logs/$logId" params={{ logId: last_run.id }}>
                      <When at={last_run.at} />
                    </Link>
                  ) : (
                    <When at={last_run?.at} none={t('never')} />
                  )}
                </Group>
              ),
            },
            {
              title: t('channelsTitle'),
              from: 'lg',
              cell: (agent) => {
                const names = agent.channels
                  .map((id) => channels.find((each) => each.id === id)?.name)
                  .filter(Boolean);
                return names.length ? names.map((name) => `#${name}`).join(', ') : '—';
              },
            },
            { title: t('modelTitle'), from: 'lg', cell: ({ model }) => model ?? t('model.providersOwn') },
            {
              title: t('on'),
              cell: (agent) => (
                <Switch
                  aria-label={t('switch', { name: agent.name })}
                  checked={agent.enabled}
                  disabled={!mayEdit}
                  onChange={(event) => toggle.mutate({ agent, enabled: event.currentTarget.checked })}
                />
              ),
            },
          ]}
        />
        {list.hasNextPage && (
          <Button
            variant="default"
            mt="sm"
            loading={list.isFetchingNextPage}
            onClick={() => void list.fetchNextPage()}
          >
            {tApp('more')}
          </Button>
        )}
      </ListState>
    </>
  );
}
