import { Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { Facts } from '~/design/Facts';
import { LoadError } from '~/design/ListState';
import { PageHeader } from '~/design/PageHeader';
import { creditsQuery } from '../queries';

export function UsagePage() {
  const { t, i18n } = useTranslation('usage');
  const { data, error, refetch } = useQuery(creditsQuery());
  if (error) return <LoadError error={error} onRetry={() => void refetch()} />;
  if (!data) return <Skeleton height={200} />;
  const count = new Intl.NumberFormat(i18n.language);
  return (
    <>
      <PageHeader title={t('title')} />
      <Facts
        facts={[
          [t('plan'), data.plan.name],
          [t('balance'), count.format(data.balance)],
          [t('spent'), count.format(data.spent)],
          [t('runs'), count.format(data.runs_in_month)],
        ]}
      />
    </>
  );
}
