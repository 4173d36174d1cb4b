import { IconHistory } from '@tabler/icons-react';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useCallback, useMemo, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { EmptyState } from '~/design/EmptyState';
import { ListState } from '~/design/ListState';
import { AnchorLink } from '~/design/links';
import { catalogQuery } from '~/features/catalog/queries';
import { RunTable } from '~/features/runs/components/RunTable';
import { useRunsLive } from '~/features/runs/live';
import { runsQuery } from '~/features/runs/queries';
import '~/features/runs/components/runs.css';

/** The runs of one automation, live. */
export function RunsOfOne({ automationId }: { automationId: string }) {
  const { t } = useTranslation('automations');
  const filter = useMemo(() => ({ automation: automationId }), [automationId]);
  const list = useInfiniteQuery(runsQuery(filter));
  const { data: catalog } = useQuery(catalogQuery());
  const atTop = useRef(true);
  useRunsLive(
    filter,
    useCallback(() => atTop.current, []),
  );
  const onTop = useCallback((isAtTop: boolean) => {
    atTop.current = isAtTop;
  }, []);
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = list;
  const more = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);
  const runs = list.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <ListState
      isPending={list.isPending}
      error={list.error}
      onRetry={() => void list.refetch()}
      isEmpty={runs.length === 0}
      empty={<EmptyState icon={IconHistory} title={t('noRunsTitle')} text={t('noRunsText')} />}
    >
      <RunTable
        runs={runs}
        triggers={catalog?.triggers ?? []}
        height="calc(100dvh - 300px)"
        onEnd={more}
        onTop={onTop}
        isLoadingMore={isFetchingNextPage}
        isOfOne
      />
      <AnchorLink fz="sm" to="/automations/logs" search={{ automation: automationId }}>
        {t('filterRuns')}
      </AnchorLink>
    </ListState>
  );
}
