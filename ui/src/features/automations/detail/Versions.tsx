import { Badge, Button, Group, Radio, Skeleton, Stack, Table, Text } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { LoadError } from '~/design/ListState';
import { When } from '~/design/When';
import { useNames } from '~/features/approvals/components/WhoMay';
import { Differences } from './Differences';
import { useRestore } from './mutations';
import { type AutomationDetail, versionsQuery } from './queries';

/** The published versions: who, when, why; what makes any two of them differ; back to one of them. */
export function Versions({ automation }: { automation: AutomationDetail }) {
  const { t } = useTranslation('automations');
  const { t: tApp } = useTranslation();
  const list = useInfiniteQuery(versionsQuery(automation.id));
  const nameOf = useNames();
  const restore = useRestore(automation);
  const versions = list.data?.pages.flatMap((page) => page.items) ?? [];
  const [newer, setNewer] = useState<number | null>(null);
  const [older, setOlder] = useState<string | null>(null);
  const to = newer ?? versions[0]?.number ?? null;
  const before = versions.find(({ number }) => to !== null && number < to)?.number;
  const against =
    older ?? (automation.draft_changed && newer === null ? 'draft' : before ? String(before) : null);
  if (list.error) return <LoadError error={list.error} onRetry={() => void list.refetch()} />;
  if (list.isPending) return <Skeleton height={160} />;
  if (versions.length === 0) return <Text c="dimmed">{t('neverPublished')}</Text>;
  return (
    <Stack gap="lg">
      <Table.ScrollContainer minWidth={420}>
        <Table aria-label={t('versions')}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th w={60}>{t('compareFrom')}</Table.Th>
              <Table.Th w={60}>{t('compareTo')}</Table.Th>
              <Table.Th>{t('version')}</Table.Th>
              <Table.Th>{t('note')}</Table.Th>
              <Table.Th visibleFrom="sm">{t('published')}</Table.Th>
              <Table.Th aria-label={tApp('actions')} />
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {automation.draft_changed && (
              <Table.Tr>
                <Table.Td>
                  <Radio
                    aria-label={t('compareFromDraft')}
                    checked={against === 'draft'}
                    onChange={() => setOlder('draft')}
                  />
                </Table.Td>
                <Table.Td />
                <Table.Td>
                  <Badge variant="light" color="yellow" tt="none" radius="sm">
                    {tApp('status.draft')}
                  </Badge>
                </Table.Td>
                <Table.Td c="dimmed">{t('draftNote')}</Table.Td>
                <Table.Td visibleFrom="sm">
                  <When at={automation.updated_at} />
                </Table.Td>
                <Table.Td />
              </Table.Tr>
            )}
            {versions.map((each) => (
              <Table.Tr key={each.number}>
                <Table.Td>
                  <Radio
                    aria-label={t('compareFromNumber', { number: each.number })}
                    checked={against === String(each.number)}
                    onChange={() => setOlder(String(each.number))}
                  />
                </Table.Td>
                <Table.Td>
                  <Radio
                    aria-label={t('compareToNumber', { number: each.number })}
                    checked={to === each.number}
                    onChange={() => setNewer(each.number)}
                  />
                </Table.Td>
                <Table.Td>
                  <Group gap={8} wrap="nowrap">
                    {each.number}
                    {each.live && (
                      <Badge variant="light" color="teal" tt="none" radius="sm">
                        {t('live')}
                      </Badge>
                    )}
                  </Group>
                </Table.Td>
                <Table.Td style={{ overflowWrap: 'anywhere' }}>{each.note ?? '—'}</Table.Td>
                <Table.Td visibleFrom="sm">
                  <When at={each.created_at} />
                  {nameOf(each.created_by) && (
                    <Text span fz="xs" c="dimmed" ml={6}>
                      {nameOf(each.created_by)}
                    </Text>
                  )}
                </Table.Td>
                <Table.Td ta="right">
                  {!each.live && (
                    <Button
                      size="compact-xs"
                      variant="default"
                      loading={restore.isPending && restore.variables.version === each.number}
                      onClick={() =>
                        restore.mutate({ version: each.number, undoTo: automation.live_version })
                      }
                    >
                      {t('restore')}
                    </Button>
                  )}
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      {list.hasNextPage && (
        <Button
          variant="default"
          size="xs"
          loading={list.isFetchingNextPage}
          onClick={() => void list.fetchNextPage()}
          style={{ alignSelf: 'flex-start' }}
        >
          {tApp('more')}
        </Button>
      )}
      {to !== null && against !== null && String(to) !== against && (
        <Differences automationId={automation.id} number={to} against={against} />
      )}
    </Stack>
  );
}
