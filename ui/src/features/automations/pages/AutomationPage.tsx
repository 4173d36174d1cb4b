import { Button, Skeleton } from '@mantine/core';
import { IconPlayerPlay } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { Facts } from '~/design/Facts';
import { LoadError } from '~/design/ListState';
import { PageHeader } from '~/design/PageHeader';
import { StatusBadge } from '~/design/StatusBadge';
import { When } from '~/design/When';
import { useRun } from '../mutations';
import { automationQuery } from '../queries';

const route = getRouteApi('/inside/automations/$automationId');

export function AutomationPage() {
  const { t } = useTranslation('automations');
  const { automationId } = route.useParams();
  const { data, error, refetch } = useQuery(automationQuery(automationId));
  const run = useRun();
  if (error) return <LoadError error={error} onRetry={() => void refetch()} />;
  if (!data) return <Skeleton height={200} />;
  return (
    <>
      <PageHeader
        title={data.name}
        description={data.sentence}
        actions={
          <Button
            leftSection={<IconPlayerPlay size={15} />}
            disabled={data.live_version === null}
            loading={run.isPending}
            onClick={() => run.mutate(data)}
          >
            {t('runNow')}
          </Button>
        }
      />
      <Facts
        facts={[
          [t('status'), <StatusBadge key="status" status={data.status} />],
          [t('lastRun'), <When key="last" at={data.last_run_at} none={t('never')} />],
          [t('nextRun'), <When key="next" at={data.next_run_at} />],
          [t('webhook'), data.webhook?.url],
          [t('steps'), Object.values(data.step_sentences).join('\n')],
        ]}
      />
    </>
  );
}
