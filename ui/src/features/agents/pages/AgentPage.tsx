import { Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { Facts } from '~/design/Facts';
import { LoadError } from '~/design/ListState';
import { PageHeader } from '~/design/PageHeader';
import { When } from '~/design/When';
import { agentQuery } from '../queries';

const route = getRouteApi('/inside/agents/$agentId');

export function AgentPage() {
  const { t } = useTranslation('agents');
  const { agentId } = route.useParams();
  const { data, error, refetch } = useQuery(agentQuery(agentId));
  if (error) return <LoadError error={error} onRetry={() => void refetch()} />;
  if (!data) return <Skeleton height={200} />;
  return (
    <>
      <PageHeader title={data.name} description={data.description} />
      <Facts
        facts={[
          [t('provider'), data.provider],
          [t('model'), data.model],
          [t('instructions'), data.instructions],
          [t('changed'), <When key="changed" at={data.updated_at} />],
        ]}
      />
    </>
  );
}
