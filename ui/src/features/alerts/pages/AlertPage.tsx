import { Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { Facts } from '~/design/Facts';
import { LoadError } from '~/design/ListState';
import { PageHeader } from '~/design/PageHeader';
import { When } from '~/design/When';
import { alertQuery } from '../queries';

const route = getRouteApi('/inside/alerts/$alertId');

export function AlertPage() {
  const { t } = useTranslation('alerts');
  const { alertId } = route.useParams();
  const { data, error, refetch } = useQuery(alertQuery(alertId));
  if (error) return <LoadError error={error} onRetry={() => void refetch()} />;
  if (!data) return <Skeleton height={200} />;
  return (
    <>
      <PageHeader title={data.title} description={data.text} />
      <Facts
        facts={[
          [t('times'), data.count],
          [t('last'), <When key="last" at={data.last_at} />],
        ]}
      />
    </>
  );
}
