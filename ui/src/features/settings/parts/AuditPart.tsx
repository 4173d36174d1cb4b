import { Button, Code, Stack, Text } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { DataTable } from '~/design/DataTable';
import { ListState } from '~/design/ListState';
import { When } from '~/design/When';
import { auditQuery } from '../queries';
import { SearchBox } from './SearchBox';

const route = getRouteApi('/inside/settings');

function nameOf(value: unknown): string {
  return typeof value === 'object' && value !== null && 'name' in value ? String(value.name) : '';
}

/** Who did what, when and from where. */
export function AuditPart() {
  const { t } = useTranslation('settings');
  const { t: tApp } = useTranslation();
  const { search } = route.useSearch();
  const list = useInfiniteQuery(auditQuery(search));
  const items = list.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <>
      <SearchBox label={t('auditSearch')} />
      <ListState
        isPending={list.isPending}
        error={list.error}
        onRetry={() => void list.refetch()}
        isEmpty={items.length === 0}
        empty={
          <Text fz="sm" c="dimmed">
            {t('auditEmpty')}
          </Text>
        }
      >
        <DataTable
          label={t('part.audit')}
          rows={items}
          columns={[
            { title: t('when'), cell: ({ at }) => <When at={at} /> },
            { title: t('who'), cell: ({ actor }) => actor ?? '—' },
            {
              title: t('whatHappened'),
              cell: ({ action, object_id, before, after }) => (
                <Stack gap={0}>
                  <Code w="fit-content">{action}</Code>
                  <Text fz="xs" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
                    {nameOf(after) || nameOf(before) || object_id}
                  </Text>
                </Stack>
              ),
            },
            { title: t('from'), from: 'md', cell: ({ remote }) => remote ?? '—' },
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
