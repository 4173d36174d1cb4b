import { Badge, Button, SegmentedControl, Text } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { useInfiniteQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { DataTable } from '~/design/DataTable';
import { EmptyState } from '~/design/EmptyState';
import { ListState } from '~/design/ListState';
import { AnchorLink, ButtonLink } from '~/design/links';
import { PageHeader } from '~/design/PageHeader';
import { When } from '~/design/When';
import { useResolve } from '../mutations';
import { alertsQuery } from '../queries';
import { tellingOf } from '../telling';

const route = getRouteApi('/inside/alerts');

export function AlertsPage() {
  const { t } = useTranslation('alerts');
  const { t: tApp } = useTranslation();
  const { state } = route.useSearch();
  const navigate = route.useNavigate();
  const isOpen = state !== 'resolved';
  const list = useInfiniteQuery(alertsQuery(isOpen));
  const resolve = useResolve();
  const items = list.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <>
      <PageHeader
        title={t('title')}
        actions={
          <SegmentedControl
            size="xs"
            aria-label={t('which')}
            value={state ?? 'open'}
            onChange={(value) => void navigate({ search: value === 'resolved' ? { state: value } : {} })}
            data={[
              { value: 'open', label: t('open') },
              { value: 'resolved', label: t('resolved') },
            ]}
          />
        }
      />
      <ListState
        isPending={list.isPending}
        error={list.error}
        onRetry={() => void list.refetch()}
        isEmpty={items.length === 0}
        empty={
          <EmptyState
            icon={IconAlertTriangle}
            title={t(isOpen ? 'emptyTitle' : 'noneResolved')}
            text={t('emptyText')}
          >
            <ButtonLink variant="default" to="/automations">
              {t('toAutomations')}
            </ButtonLink>
          </EmptyState>
        }
      >
        <DataTable
          label={t('title')}
          rows={items}
          columns={[
            {
              title: t('what'),
              cell: (each) => (
                <>
                  <Badge
                    variant="light"
                    color={each.severity === 'error' ? 'red' : 'yellow'}
                    tt="none"
                    radius="sm"
                    mr={8}
                  >
                    {t(`severities.${each.severity}`)}
                  </Badge>
                  <Link className="row-link" to="/alerts/$alertId" params={{ alertId: each.id }}>
                    {tellingOf(each).title}
                  </Link>
                  <Text fz="xs" c="dimmed" lineClamp={1}>
                    {tellingOf(each).text}
                  </Text>
                </>
              ),
            },
            {
              title: t('automation'),
              from: 'lg',
              cell: ({ automation_id, automation_name }) =>
                automation_id && (
                  <AnchorLink
                    fz="sm"
                    to="/automations/$automationId"
                    params={{ automationId: automation_id }}
                  >
                    {automation_name ?? '—'}
                  </AnchorLink>
                ),
            },
            { title: t('times'), align: 'right', from: 'sm', cell: ({ count }) => count },
            {
              title: t('last'),
              from: 'sm',
              cell: ({ last_at, run_id }) => (
                <span style={{ whiteSpace: 'nowrap' }}>
                  {run_id ? (
                    <AnchorLink fz="sm" to="/automations/logs/$logId" params={{ logId: run_id }}>
                      <When at={last_at} />
                    </AnchorLink>
                  ) : (
                    <When at={last_at} />
                  )}
                </span>
              ),
            },
            {
              title: tApp('actions'),
              align: 'right',
              cell: ({ id, title, resolved_at }) =>
                resolved_at === null ? (
                  <Button
                    size="compact-xs"
                    variant="default"
                    loading={resolve.isPending && resolve.variables.id === id}
                    onClick={() => resolve.mutate({ id, title })}
                  >
                    {t('resolve')}
                  </Button>
                ) : (
                  <When at={resolved_at} />
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
