import { Anchor, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Facts } from '~/design/Facts';
import { AnchorLink } from '~/design/links';
import { Moment } from '~/design/Moment';
import { StatusBadge } from '~/design/StatusBadge';
import type { Json } from '~/design/treeRows';
import { meQuery } from '~/features/accounts/queries';
import { useNames } from '~/features/approvals/components/WhoMay';
import { catalogQuery } from '~/features/catalog/queries';
import { type Run, type RunDetail, relatedQuery } from '../queries';
import { StoredValue } from './StoredValue';

/** What is known of a run besides its steps: its trigger, its version, its relatives, its cost, where Prefect shows it. */
export function RunFacts({ run, onWhole }: { run: RunDetail; onWhole: () => void }) {
  const { t } = useTranslation('runs');
  const { data: me } = useQuery(meQuery());
  const { data: catalog } = useQuery(catalogQuery());
  const { data: related } = useQuery(relatedQuery(run.id));
  const [shown, setShown] = useState(false);
  const nameOf = useNames();
  const hasContext = Object.keys(run.trigger_context ?? {}).length > 0;
  const trigger = catalog?.triggers.find(({ name }) => name === run.trigger_type)?.title ?? run.trigger_type;
  const to = (id: string, label: string) => (
    <AnchorLink fz="sm" to="/automations/logs/$logId" params={{ logId: id }}>
      {label}
    </AnchorLink>
  );
  const list = (runs: Run[]) => (
    <Stack gap={2}>
      {runs.map((each) => (
        <span key={each.id}>
          {to(each.id, each.automation_name || each.id.slice(-8))} <StatusBadge status={each.status} />
        </span>
      ))}
    </Stack>
  );
  const facts: [string, React.ReactNode][] = [
    [
      t('trigger'),
      run.triggered_by
        ? t('triggerBy', { trigger, by: nameOf(run.triggered_by) ?? run.triggered_by })
        : trigger,
    ],
    [
      t('version'),
      <AnchorLink
        key="version"
        fz="sm"
        to="/automations/$automationId"
        params={{ automationId: run.automation_id }}
        search={{ tab: 'versions' }}
      >
        {run.draft ? t('draft') : t('versionShort', { number: run.version })}
      </AnchorLink>,
    ],
    [t('created'), <Moment key="created" at={run.created_at} />],
  ];
  if (run.due_at) facts.push([t('due'), <Moment key="due" at={run.due_at} />]);
  if (run.completed_at) facts.push([t('ended'), <Moment key="ended" at={run.completed_at} />]);
  if (run.credits !== null) facts.push([t('credits'), String(run.credits)]);
  if (run.replay_of) facts.push([t('replayOf'), to(run.replay_of, run.replay_of.slice(-8))]);
  if (run.replay_id)
    facts.push([
      t('ofManyReplays'),
      <AnchorLink key="many" fz="sm" to="/automations/logs" search={{ replay: run.replay_id }}>
        {t('showThem')}
      </AnchorLink>,
    ]);
  if (run.parent_id) facts.push([t('parent'), to(run.parent_id, run.parent_id.slice(-8))]);
  if (run.parent_id && run.root_id !== run.parent_id)
    facts.push([t('root'), to(run.root_id, run.root_id.slice(-8))]);
  if (related?.replays.length) facts.push([t('replays'), list(related.replays)]);
  if (related?.begun.length) facts.push([t('children'), list(related.begun)]);
  facts.push([t('runId'), run.id]);
  if (me?.user.is_operator)
    facts.push([
      'Prefect',
      <Anchor key="prefect" fz="sm" href={run.prefect_url} target="_blank" rel="noreferrer">
        {t('openPrefect')}
      </Anchor>,
    ]);
  return (
    <>
      <Facts facts={facts} />
      <Text fz="sm" fw={600} mb={4}>
        {t('triggerData')}
      </Text>
      <StoredValue
        value={run.trigger_data as Json}
        label={t('triggerData')}
        root="trigger.data"
        onWhole={onWhole}
      />
      {run.output !== null && (
        <>
          <Text fz="sm" fw={600} mt="md" mb={4}>
            {t('runOutput')}
          </Text>
          <StoredValue value={run.output as Json} label={t('runOutput')} root="" onWhole={onWhole} />
        </>
      )}
      {hasContext && (
        <Anchor component="button" type="button" fz="xs" mt="sm" onClick={() => setShown(!shown)}>
          {t(shown ? 'hideContext' : 'showContext')}
        </Anchor>
      )}
      {shown && <StoredValue value={run.trigger_context as Json} label={t('showContext')} root="trigger" />}
    </>
  );
}
