import { Button, List, Skeleton, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Facts } from '~/design/Facts';
import { LoadError } from '~/design/ListState';
import { AnchorLink, ButtonLink } from '~/design/links';
import { PageHeader } from '~/design/PageHeader';
import type { Json } from '~/design/treeRows';
import { ValueTree } from '~/design/ValueTree';
import { When } from '~/design/When';
import { useResolve } from '../mutations';
import { alertQuery } from '../queries';
import { tellingOf } from '../telling';

const route = getRouteApi('/inside/alerts/$alertId');

interface Link {
  run_id: string;
  automation: string;
}

export function AlertPage() {
  const { t } = useTranslation('alerts');
  const { alertId } = route.useParams();
  const { data, error, refetch } = useQuery(alertQuery(alertId));
  const resolve = useResolve();
  if (error && !data) return <LoadError error={error} onRetry={() => void refetch()} />;
  if (!data) return <Skeleton height={200} />;
  const told = tellingOf(data);
  const chain = Array.isArray(data.facts.chain) ? (data.facts.chain as unknown as Link[]) : [];
  const facts: [string, ReactNode][] = [
    [t('kind'), t(`severities.${data.severity}`)],
    [t('times'), String(data.count)],
    [t('first'), <When key="first" at={data.created_at} />],
    [t('last'), <When key="last" at={data.last_at} />],
  ];
  if (data.automation_id)
    facts.push([
      t('automation'),
      <AnchorLink
        key="automation"
        fz="sm"
        to="/automations/$automationId"
        params={{ automationId: data.automation_id }}
      >
        {data.automation_name ?? data.automation_id}
      </AnchorLink>,
    ]);
  if (data.run_id)
    facts.push([
      t('run'),
      <AnchorLink key="run" fz="sm" to="/automations/logs/$logId" params={{ logId: data.run_id }}>
        {t('showRun')}
      </AnchorLink>,
    ]);
  if (data.resolved_at) facts.push([t('resolvedAt'), <When key="resolved" at={data.resolved_at} />]);
  return (
    <>
      <PageHeader
        title={told.title}
        description={told.text}
        actions={
          <>
            <ButtonLink variant="default" to="/alerts">
              {t('all')}
            </ButtonLink>
            {data.automation_id && (
              <ButtonLink
                variant="default"
                to="/automations/logs"
                search={{ automation: data.automation_id, status: 'failed' }}
              >
                {t('failedRuns')}
              </ButtonLink>
            )}
            {data.resolved_at === null && (
              <Button loading={resolve.isPending} onClick={() => resolve.mutate(data)}>
                {t('resolve')}
              </Button>
            )}
          </>
        }
      />
      <Facts facts={facts} />
      {chain.length > 0 && (
        <>
          <Text fw={600} fz="sm" mb={4}>
            {t('chain')}
          </Text>
          <List type="ordered" fz="sm" mb="lg">
            {chain.map((each) => (
              <List.Item key={each.run_id}>
                <AnchorLink fz="sm" to="/automations/logs/$logId" params={{ logId: each.run_id }}>
                  {each.automation}
                </AnchorLink>
              </List.Item>
            ))}
          </List>
        </>
      )}
      <Text fw={600} fz="sm" mb={4}>
        {t('facts')}
      </Text>
      <ValueTree value={data.facts as Json} label={t('facts')} />
    </>
  );
}
