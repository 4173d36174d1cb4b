import { Button, Group, SegmentedControl, Skeleton, Text } from '@mantine/core';
import { IconPencil, IconPlayerStop, IconRefreshDot } from '@tabler/icons-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useCallback, useDeferredValue, useEffect, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { answer, api } from '~/api/client';
import { Confirmed } from '~/design/Confirmed';
import { Duration } from '~/design/Duration';
import { LoadError } from '~/design/ListState';
import { AnchorLink } from '~/design/links';
import { PageHeader } from '~/design/PageHeader';
import { StatusBadge } from '~/design/StatusBadge';
import { When } from '~/design/When';
import { ApprovalDetail } from '~/features/approvals/components/ApprovalDetail';
import { questionsOfRunQuery } from '~/features/approvals/queries';
import { EditLink } from '~/features/automations/detail/EditLink';
import { automationQuery } from '~/features/automations/queries';
import { useMayUse } from '~/features/connections/roles';
import { outline } from '~/features/graph/outline';
import { LogLines } from '../components/LogLines';
import { ReplayDialog } from '../components/ReplayDialog';
import { RunFacts } from '../components/RunFacts';
import { RunGraph } from '../components/RunGraph';
import { StepPanel } from '../components/StepPanel';
import { Timeline } from '../components/Timeline';
import { WaitCard } from '../components/WaitCard';
import { WhyFailed } from '../components/WhyFailed';
import { configIn } from '../failure';
import { useRunLive } from '../live';
import { hasEnded } from '../merge';
import { type Replay, replayPlan, useCancel, useReplay } from '../mutations';
import { type RunDetail, ranQuery, runKeys, runQuery, type StepRun } from '../queries';
import { RUN_VIEWS, type RunViewName } from '../routes';
import { useLoops } from '../useLoops';
import '../components/runs.css';

const route = getRouteApi('/inside/automations/logs/$logId');
type Version = Replay['version'];
const HEIGHT = 'max(340px, calc(100dvh - 320px))';

export function RunPage() {
  const { logId } = route.useParams();
  const { data, error, refetch } = useQuery(runQuery(logId));
  if (error && !data) return <LoadError error={error} onRetry={() => void refetch()} />;
  if (!data) return <Skeleton height={260} />;
  return <OneRun key={logId} run={data} />;
}

function OneRun({ run }: { run: RunDetail }) {
  const { t } = useTranslation('runs');
  const client = useQueryClient();
  const { step: chosen, view = 'timeline' } = route.useSearch();
  const navigate = route.useNavigate();
  const drawn = useDeferredValue(view); // the switch answers at once, a large graph follows
  const live = useRunLive(run.id, run);
  const ran = useQuery(ranQuery(run.id));
  const steps = useMemo(() => outline(ran.data?.definition.actions), [ran.data]);
  const loops = useLoops(run.id, steps);
  const questions = useQuery(questionsOfRunQuery(run.id));
  const automation = useQuery({
    ...automationQuery(run.automation_id),
    enabled: run.status === 'failed',
    retry: false,
  });
  const mayAct = useMayUse();
  const [replay, setReplay] = useState<{ from: string; isEdited: boolean; version?: Version } | null>(null);
  const [isRetrying, setRetrying] = useState(false);
  const start = useReplay(run.id);
  const cancel = useCancel(run.id);
  const ended = hasEnded(run.status);
  const { invalidateQueries } = client;

  // biome-ignore lint/correctness/useExhaustiveDependencies: another state has other questions
  useEffect(() => {
    void client.invalidateQueries({ queryKey: ['approvals', 'run', run.id] });
  }, [run.status, run.waiting_for?.reason, invalidateQueries]);

  const look = useCallback(
    (step: string | undefined) =>
      void navigate({ search: (before) => ({ ...before, step }), replace: true, resetScroll: false }),
    [navigate],
  );
  const items = loops.itemsOf(steps.find(({ id }) => loops.isOpen(id))?.id ?? '')?.items ?? [];
  const isChosen = (each: StepRun) => each.id === chosen || (!each.iteration && each.step_id === chosen);
  const selected = run.action_logs.find(isChosen) ?? items.find(isChosen);

  /** From where it failed, at once where nothing happens twice outside; else the dialog tells what would. */
  const retry = async (version: Version = 'then') => {
    setRetrying(true);
    try {
      const plan = await replayPlan(run.id, { version, from: 'failed' });
      if (plan.effects.some(({ effect }) => effect === 'unsafe'))
        setReplay({ from: 'failed', isEdited: false, version });
      else start.mutate({ version, from: 'failed' });
    } catch {
      setReplay({ from: 'failed', isEdited: false, version });
    } finally {
      setRetrying(false);
    }
  };
  const readWhole = async () => {
    const params = { path: { log_id: run.id }, query: { full: true, values: false, items: false } };
    const whole = await answer(api.GET('/api/automations/logs/{log_id}', { params }));
    client.setQueryData<RunDetail>(runKeys.detail(run.id), whole);
  };
  const open = questions.data?.filter((each) => each.state === 'pending') ?? [];
  const answered = questions.data?.filter((each) => each.state !== 'pending') ?? [];
  const name = run.automation_name || t('deletedAutomation');
  const published = automation.data?.live_version ?? null;
  const newer = !run.draft && published !== null && published > run.version ? published : null;
  return (
    <>
      <PageHeader
        title={t('runOf', { name })}
        description={
          <Group component="span" gap="sm" display="inline-flex">
            <StatusBadge status={run.status} />
            <span>
              <When at={run.created_at} />
            </span>
            {run.duration_ms !== null && <Duration ms={run.duration_ms} />}
            <AnchorLink fz="sm" to="/automations/$automationId" params={{ automationId: run.automation_id }}>
              {t('toAutomation')}
            </AnchorLink>
            {!ended && !live && (
              <Text span fz="sm">
                {t('reconnecting')}
              </Text>
            )}
          </Group>
        }
        actions={
          <>
            {!ended && mayAct && (
              <Confirmed
                label={t('cancelRun')}
                text={t('cancelText')}
                leftSection={<IconPlayerStop size={15} />}
                isPending={cancel.isPending}
                onConfirm={() => cancel.mutate()}
              />
            )}
            {ended && mayAct && (
              <Button
                variant="default"
                leftSection={<IconRefreshDot size={15} />}
                onClick={() => setReplay({ from: 'start', isEdited: false })}
              >
                {t('replay')}
              </Button>
            )}
            {mayAct && run.status !== 'failed' && (
              <EditLink
                variant="default"
                leftSection={<IconPencil size={15} />}
                automationId={run.automation_id}
                run={run.id}
              >
                {t('openInEditor')}
              </EditLink>
            )}
          </>
        }
      />
      <div aria-live="polite">
        {run.status === 'failed' && (
          <WhyFailed
            run={run}
            canAct={mayAct}
            configOf={(step) => configIn(ran.data?.definition.actions, step)}
            newer={newer}
            onNewer={() => void retry('live')}
            onRetry={() => void retry()}
            isRetrying={isRetrying || start.isPending}
            onReplay={() => setReplay({ from: 'start', isEdited: true })}
            onStep={(step) => look(step.id)}
          />
        )}
        {run.waiting_for && !ended && open.length === 0 && <WaitCard waiting={run.waiting_for} />}
      </div>
      {open.map((each) => (
        <div key={each.id} style={{ marginBottom: 16 }}>
          <ApprovalDetail id={each.id} isInRun />
        </div>
      ))}
      <Group justify="space-between" mb="xs">
        <SegmentedControl
          size="xs"
          aria-label={t('view')}
          value={view}
          onChange={(value) =>
            void navigate({
              search: (before) => ({
                ...before,
                view: value === 'timeline' ? undefined : (value as RunViewName),
              }),
              replace: true,
              resetScroll: false,
            })
          }
          data={RUN_VIEWS.map((value) => ({ value, label: t(`views.${value}`) }))}
        />
        {chosen && (
          <Button size="compact-xs" variant="subtle" color="gray" onClick={() => look(undefined)}>
            {t('showRun')}
          </Button>
        )}
      </Group>
      <div className="run-body">
        <div style={{ minWidth: 0 }}>
          {drawn === 'timeline' && (
            <Timeline
              run={run}
              steps={steps}
              loops={loops}
              selected={selected?.id ?? chosen ?? null}
              onSelect={look}
              height={HEIGHT}
            />
          )}
          {drawn === 'graph' && (
            <RunGraph
              run={run}
              ran={ran.data}
              notes={loops.noteOf}
              selected={selected?.step_id ?? chosen ?? null}
              height={HEIGHT}
              onSelect={look}
            />
          )}
          {drawn === 'log' && <LogLines runId={run.id} onStep={look} height={HEIGHT} />}
        </div>
        <div style={{ minWidth: 0 }}>
          {chosen && selected && (
            <StepPanel
              runId={run.id}
              step={selected}
              sentence={ran.data?.step_sentences[selected.step_id]}
              onReplayFrom={ended && mayAct ? (from) => setReplay({ from, isEdited: false }) : undefined}
            />
          )}
          {chosen && !selected && <Text c="dimmed">{t('stepHasNotRun', { step: chosen })}</Text>}
          {!chosen && <RunFacts run={run} onWhole={() => void readWhole()} />}
        </div>
      </div>
      {answered.length > 0 && (
        <section style={{ marginTop: 24 }} aria-label={t('answers')}>
          <Text fw={600} mb="xs">
            {t('answers')}
          </Text>
          {answered.map((each) => (
            <div key={each.id} style={{ marginBottom: 12 }}>
              <ApprovalDetail id={each.id} isInRun />
            </div>
          ))}
        </section>
      )}
      {replay && (
        <ReplayDialog
          run={run}
          steps={steps.map(({ id }) => id)}
          from={replay.from}
          isEdited={replay.isEdited}
          version={replay.version}
          onClose={() => setReplay(null)}
        />
      )}
    </>
  );
}
