import { Button, Group, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconArrowUp, IconHistory, IconRefreshDot, IconSearch } from '@tabler/icons-react';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useCallback, useMemo, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { EmptyState } from '~/design/EmptyState';
import { ListState } from '~/design/ListState';
import { ButtonLink } from '~/design/links';
import { PageHeader } from '~/design/PageHeader';
import { catalogQuery } from '~/features/catalog/queries';
import { useMayUse } from '~/features/connections/roles';
import { BulkReplay } from '../components/BulkReplay';
import { RunFilters } from '../components/RunFilters';
import { RunTable } from '../components/RunTable';
import { SavedFilters } from '../components/SavedFilters';
import { useRunsLive } from '../live';
import { runsQuery } from '../queries';
import { isFiltered, type RunFilter, runFilter } from '../search';
import '../components/runs.css';

const NONE: never[] = [];
const route = getRouteApi('/inside/automations/logs');

export function RunsPage() {
  const { t } = useTranslation('runs');
  const filter = route.useSearch();
  const navigate = route.useNavigate();
  const list = useInfiniteQuery(runsQuery(filter));
  const { data: catalog } = useQuery(catalogQuery());
  const [bulk, { open, close }] = useDisclosure();
  const atTop = useRef(true);
  const { unseen, showNew } = useRunsLive(
    filter,
    useCallback(() => atTop.current, []),
  );
  const runs = useMemo(() => list.data?.pages.flatMap((page) => page.items) ?? [], [list.data]);
  const show = (change: Partial<Record<keyof RunFilter, string | null>>) =>
    void navigate({ search: (before) => runFilter({ ...before, ...change }), replace: true });
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = list;
  const more = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);
  const filtered = isFiltered(filter);
  const mayAct = useMayUse();
  const empty = filtered ? (
    <EmptyState icon={IconSearch} title={t('nothingTitle')} text={t('nothingText')}>
      <Button variant="default" onClick={() => void navigate({ search: {} })}>
        {t('forgetFilters')}
      </Button>
    </EmptyState>
  ) : (
    <EmptyState icon={IconHistory} title={t('emptyTitle')} text={t('emptyText')}>
      <ButtonLink to="/automations">{t('toAutomations')}</ButtonLink>
    </EmptyState>
  );
  return (
    <>
      <PageHeader
        title={t('title')}
        actions={
          <>
            <SavedFilters filter={filter} />
            {runs.length > 0 && filtered && !filter.replay && mayAct && (
              <Button variant="default" leftSection={<IconRefreshDot size={15} />} onClick={open}>
                {t('replayThese')}
              </Button>
            )}
          </>
        }
      />
      <Group justify="space-between" mb="sm" gap="xs">
        <RunFilters filter={filter} onChange={show} />
        {filtered && (
          <Button
            variant="subtle"
            color="gray"
            size="compact-sm"
            onClick={() => void navigate({ search: {} })}
          >
            {t('forgetFilters')}
          </Button>
        )}
      </Group>
      {filter.replay && (
        <Text fz="sm" c="dimmed" mb="xs">
          {t('ofOneReplay')}
        </Text>
      )}
      <div aria-live="polite">
        {unseen > 0 && (
          <Button size="compact-sm" mb="xs" leftSection={<IconArrowUp size={14} />} onClick={showNew}>
            {t('newRuns', { count: unseen })}
          </Button>
        )}
      </div>
      <ListState
        isPending={list.isPending}
        error={list.error}
        onRetry={() => void list.refetch()}
        isEmpty={runs.length === 0}
        empty={empty}
      >
        <RunTable
          runs={runs}
          triggers={catalog?.triggers ?? NONE}
          height="calc(100dvh - 240px)"
          onEnd={more}
          onTop={(isAtTop) => {
            atTop.current = isAtTop;
          }}
          isLoadingMore={isFetchingNextPage}
        />
      </ListState>
      {bulk && <BulkReplay filter={filter} onClose={close} />}
    </>
  );
}
