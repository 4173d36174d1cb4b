import { Button, Skeleton, Text } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { DataTable } from '~/design/DataTable';
import { LoadError } from '~/design/ListState';
import { AnchorLink } from '~/design/links';
import { Moment } from '~/design/Moment';
import { ledgerQuery } from '../queries';

/** Every movement of credits, the newest first. */
export function Ledger() {
  const { t, i18n } = useTranslation('usage');
  const { t: tApp } = useTranslation();
  const list = useInfiniteQuery(ledgerQuery());
  const rows = list.data?.pages.flatMap((page) => page.items) ?? [];
  const count = new Intl.NumberFormat(i18n.language);
  if (list.error) return <LoadError error={list.error} onRetry={() => void list.refetch()} />;
  if (list.isPending) return <Skeleton height={140} />;
  if (rows.length === 0) return <Text c="dimmed">{t('noLedger')}</Text>;
  return (
    <>
      <DataTable
        label={t('ledger')}
        rows={rows}
        columns={[
          { title: t('when'), cell: ({ created_at }) => <Moment at={created_at} /> },
          {
            title: t('what'),
            cell: ({ kind, action, note }) => (
              <>
                {t(`kinds.${kind}`)}
                {(action ?? note) && (
                  <Text span fz="xs" c="dimmed" ml={6}>
                    {action ?? note}
                  </Text>
                )}
              </>
            ),
          },
          { title: t('amount'), align: 'right', cell: ({ amount }) => count.format(amount) },
          {
            title: t('run'),
            from: 'sm',
            cell: ({ run_id }) =>
              run_id && (
                <AnchorLink fz="sm" to="/automations/logs/$logId" params={{ logId: run_id }}>
                  {t('showRun')}
                </AnchorLink>
              ),
          },
        ]}
      />
      {list.hasNextPage && (
        <Button
          variant="default"
          size="xs"
          mt="sm"
          loading={list.isFetchingNextPage}
          onClick={() => void list.fetchNextPage()}
        >
          {tApp('more')}
        </Button>
      )}
    </>
  );
}
