import { Group, SegmentedControl, Select, Skeleton, Tabs, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { LoadError } from '~/design/ListState';
import { PageHeader } from '~/design/PageHeader';
import { DaysChart } from '../components/DaysChart';
import { Ledger } from '../components/Ledger';
import { Month } from '../components/Month';
import { UsedTable } from '../components/UsedTable';
import {
  BYS,
  type By,
  creditsQuery,
  daysOf,
  MEASURES,
  type Measure,
  RANGES,
  type Range,
  usageQuery,
} from '../queries';
import '../components/usage.css';

const route = getRouteApi('/inside/usage');

export function UsagePage() {
  const { t, i18n } = useTranslation('usage');
  const { days: range = '30', by = 'automation', show: chosen } = route.useSearch();
  const navigate = route.useNavigate();
  const { data, error, refetch } = useQuery(creditsQuery());
  const show = chosen ?? (data?.plan.monthly_credits == null ? 'runs' : 'credits');
  const daily = useQuery(usageQuery('day', range));
  const days = useMemo(() => daysOf(range), [range]);
  const format = useMemo(() => {
    const count = new Intl.NumberFormat(i18n.language);
    const money = new Intl.NumberFormat(i18n.language, {
      style: 'currency',
      currency: 'USD',
      maximumFractionDigits: 4,
    });
    return { count: (value: number) => count.format(value), money: (value: number) => money.format(value) };
  }, [i18n.language]);
  if (error && !data) return <LoadError error={error} onRetry={() => void refetch()} />;
  if (!data) return <Skeleton height={200} />;
  return (
    <>
      <PageHeader title={t('title')} />
      <Month credits={data} format={format.count} />
      <Group justify="space-between" mb="sm">
        <Select
          aria-label={t('measure')}
          allowDeselect={false}
          data={MEASURES.map((value) => ({ value, label: t(`measures.${value}`) }))}
          value={show}
          onChange={(value) =>
            value &&
            void navigate({ search: (before) => ({ ...before, show: value as Measure }), replace: true })
          }
          w={200}
        />
        <SegmentedControl
          size="xs"
          aria-label={t('range')}
          data={RANGES.map((value) => ({ value, label: t(`ranges.${value}`) }))}
          value={range}
          onChange={(value) =>
            void navigate({ search: (before) => ({ ...before, days: value as Range }), replace: true })
          }
        />
      </Group>
      {daily.error && <LoadError error={daily.error} onRetry={() => void daily.refetch()} />}
      {!daily.data && !daily.error && <Skeleton height={160} />}
      {daily.data && (
        <DaysChart
          days={days}
          used={daily.data}
          measure={show}
          format={show === 'money' ? format.money : format.count}
        />
      )}
      <Tabs
        mt="xl"
        value={by}
        keepMounted={false}
        onChange={(value) =>
          value && void navigate({ search: (before) => ({ ...before, by: value as By }), replace: true })
        }
      >
        <Tabs.List mb="sm">
          {BYS.map((each) => (
            <Tabs.Tab key={each} value={each}>
              {t(`by.${each}`)}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value={by}>
          <UsedTable by={by} range={range} format={format} />
        </Tabs.Panel>
      </Tabs>
      <Title order={2} fz="md" mt="xl" mb="xs">
        {t('ledger')}
      </Title>
      <Ledger />
    </>
  );
}
