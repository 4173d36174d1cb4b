import { Skeleton, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { DataTable } from '~/design/DataTable';
import { LoadError } from '~/design/ListState';
import { AnchorLink } from '~/design/links';
import { catalogQuery } from '~/features/catalog/queries';
import { type By, type Range, type Used, usageQuery } from '../queries';

interface Props {
  by: By;
  range: Range;
  format: { count: (value: number) => string; money: (value: number) => string };
}

/** Who or what used how much, the most first. */
export function UsedTable({ by, range, format }: Props) {
  const { t } = useTranslation('usage');
  const { data, error, refetch } = useQuery(usageQuery(by, range));
  const { data: catalog } = useQuery(catalogQuery());
  if (error) return <LoadError error={error} onRetry={() => void refetch()} />;
  if (!data) return <Skeleton height={120} />;
  if (data.length === 0) return <Text c="dimmed">{t('nothing')}</Text>;
  const rows = data
    .toSorted((a, b) => b.credits - a.credits || b.money - a.money || b.runs - a.runs)
    .map((each) => ({ ...each, id: each.key }));
  const nameOf = (used: Used) => {
    if (by === 'action') return catalog?.actions.find(({ name }) => name === used.key)?.title ?? used.key;
    if (used.name === null) return t('gone');
    return by === 'automation' ? (
      <AnchorLink fz="sm" to="/automations/$automationId" params={{ automationId: used.key }}>
        {used.name}
      </AnchorLink>
    ) : (
      <AnchorLink fz="sm" to="/agents/$agentId" params={{ agentId: used.key }}>
        {used.name}
      </AnchorLink>
    );
  };
  return (
    <>
      <DataTable
        label={t(`by.${by}`)}
        rows={rows}
        columns={[
          { title: t('name'), cell: nameOf },
          { title: t('runCount'), align: 'right', from: 'sm', cell: ({ runs }) => format.count(runs) },
          { title: t('steps'), align: 'right', from: 'md', cell: ({ steps }) => format.count(steps) },
          { title: t('credits'), align: 'right', cell: ({ credits }) => format.count(credits) },
          ...(by === 'action'
            ? []
            : [
                {
                  title: t('tokens'),
                  align: 'right' as const,
                  from: 'md' as const,
                  cell: ({ tokens }: Used) => format.count(tokens),
                },
                {
                  title: t('money'),
                  align: 'right' as const,
                  from: 'sm' as const,
                  cell: ({ money }: Used) => format.money(money),
                },
              ]),
        ]}
      />
      {by === 'agent' && (
        <Text fz="xs" c="dimmed" mt="xs">
          {t('agentNote')}
        </Text>
      )}
    </>
  );
}
