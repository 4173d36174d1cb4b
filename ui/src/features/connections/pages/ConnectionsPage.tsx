import { Button, Group, Select, Text, TextInput } from '@mantine/core';
import { IconPlugConnected, IconPlus, IconSearch } from '@tabler/icons-react';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { DataTable } from '~/design/DataTable';
import { EmptyState } from '~/design/EmptyState';
import { ListState } from '~/design/ListState';
import { AnchorLink, ButtonLink } from '~/design/links';
import { PageHeader } from '~/design/PageHeader';
import { StatusBadge } from '~/design/StatusBadge';
import { When } from '~/design/When';
import { catalogQuery } from '~/features/catalog/queries';
import { isPurpose } from '../components/KindPicker';
import { type Connection, connectionsQuery, usesQuery } from '../queries';
import { useMayConnect, useMayUse } from '../roles';

const route = getRouteApi('/inside/connections');

export function ConnectionsPage() {
  const { t } = useTranslation('connections');
  const { t: tApp } = useTranslation();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const kinds = useQuery(catalogQuery()).data?.connections ?? [];
  const list = useInfiniteQuery(connectionsQuery());
  const mayConnect = useMayConnect();
  const uses = useQuery({ ...usesQuery(), enabled: useMayUse() }).data;
  const all = list.data?.pages.flatMap((page) => page.items) ?? [];
  const kindOf = ({ kind }: Connection) => kinds.find((each) => each.name === kind);
  const wanted = (search.search ?? '').toLowerCase();
  const items = all.filter(
    (each) =>
      (!wanted || `${each.name} ${kindOf(each)?.title ?? each.kind}`.toLowerCase().includes(wanted)) &&
      (!search.purpose || kindOf(each)?.purpose === search.purpose),
  );
  const purposes = [
    ...new Set(all.map((each) => kindOf(each)?.purpose).filter((each) => each !== undefined)),
  ];
  const show = (change: { search?: string; purpose?: string }) =>
    void navigate({ search: (before) => ({ ...before, ...change }), replace: true });
  const create = mayConnect && (
    <ButtonLink to="/connections/new" leftSection={<IconPlus size={16} />}>
      {t('create')}
    </ButtonLink>
  );
  const filtered = Boolean(search.search ?? search.purpose);
  return (
    <>
      <PageHeader title={t('title')} actions={all.length > 0 ? create : null} />
      {all.length > 5 && (
        <Group gap="xs" mb="sm" role="search">
          <TextInput
            aria-label={t('search')}
            placeholder={t('search')}
            leftSection={<IconSearch size={15} aria-hidden />}
            defaultValue={search.search ?? ''}
            onChange={(event) => show({ search: event.currentTarget.value || undefined })}
            w={{ base: '100%', xs: 260 }}
          />
          <Select
            aria-label={t('purpose')}
            placeholder={t('anyPurpose')}
            clearable
            data={purposes.map((each) => ({
              value: each,
              label: isPurpose(each) ? t(`purposes.${each}`) : each,
            }))}
            value={search.purpose ?? null}
            onChange={(purpose) => show({ purpose: purpose ?? undefined })}
            w={200}
          />
        </Group>
      )}
      <ListState
        isPending={list.isPending}
        error={list.error}
        onRetry={() => void list.refetch()}
        isEmpty={items.length === 0}
        empty={
          filtered ? (
            <EmptyState icon={IconSearch} title={t('nothingTitle')} text={t('nothingText')}>
              <Button variant="default" onClick={() => show({ search: undefined, purpose: undefined })}>
                {t('forgetFilters')}
              </Button>
            </EmptyState>
          ) : (
            <EmptyState
              icon={IconPlugConnected}
              title={t('emptyTitle')}
              text={mayConnect ? t('emptyText') : t('emptyTextOthers')}
            >
              {create}
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
              cell: (each) => (
                <>
                  <AnchorLink
                    className="row-link"
                    underline="never"
                    c="inherit"
                    fz="sm"
                    to="/connections/$connectionId"
                    params={{ connectionId: each.id }}
                    style={{ overflowWrap: 'anywhere' }}
                  >
                    {each.name}
                  </AnchorLink>
                  <Text fz="xs" c="dimmed" hiddenFrom="sm">
                    {kindOf(each)?.title ?? each.kind}
                  </Text>
                </>
              ),
            },
            { title: t('kind'), from: 'sm', cell: (each) => kindOf(each)?.title ?? each.kind },
            { title: t('state'), cell: (each) => <State connection={each} /> },
            {
              title: t('hosts'),
              from: 'lg',
              cell: ({ allowed_hosts }) => <Hosts hosts={allowed_hosts ?? []} />,
            },
            {
              title: t('usedIn'),
              from: 'md',
              cell: ({ id }) => t('automations', { count: uses?.get(id) ?? 0 }),
            },
            {
              title: t('lastUsed'),
              from: 'md',
              cell: ({ last_used_at }) => <When at={last_used_at} none={t('never')} />,
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

/** How it went when it was last tested or used. */
export function State({ connection }: { connection: Connection }) {
  const { t } = useTranslation('connections');
  const { last_error, last_tested_at, last_used_at } = connection;
  if (last_error) return <StatusBadge status="failed" label={t('states.failed')} title={last_error} />;
  if (last_tested_at || last_used_at) return <StatusBadge status="success" label={t('states.works')} />;
  return <StatusBadge status="inactive" label={t('states.untested')} />;
}

const SHOWN = 2;

function Hosts({ hosts }: { hosts: string[] }) {
  const { t } = useTranslation('connections');
  return (
    <Text fz="sm" title={hosts.join('\n')} style={{ overflowWrap: 'anywhere' }}>
      {hosts.slice(0, SHOWN).join(', ')}
      {hosts.length > SHOWN && ` ${t('moreHosts', { count: hosts.length - SHOWN })}`}
    </Text>
  );
}
