import {
  Alert,
  Button,
  Group,
  List,
  Modal,
  SegmentedControl,
  Select,
  Skeleton,
  Stack,
  Text,
} from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { answer, api, onceKey } from '~/api/client';
import type { components } from '~/api/schema';
import { LoadError } from '~/design/ListState';
import { done, failed } from '~/design/toast';
import { asked, filterText, type RunFilter, runFilter } from '../search';

type Version = 'then' | 'live' | 'draft';
type Plan = components['schemas']['BulkPlanView'];
type Started = components['schemas']['BulkStartedView'];

const SHOWN = 8;

/** Replay every run of a filter: first what would happen, then with that number and no other. */
export function BulkReplay({ filter, onClose }: { filter: RunFilter; onClose: () => void }) {
  const { t } = useTranslation('runs');
  const { t: tApp } = useTranslation();
  const navigate = useNavigate();
  const [version, setVersion] = useState<Version>('then');
  const [from, setFrom] = useState<'start' | 'failed'>(filter.status === 'failed' ? 'failed' : 'start');
  const [now] = useState(() => Date.now());
  const chosen = { ...asked(filter, now), to: filter.to ?? new Date(now).toISOString() };
  const plan = useQuery({
    queryKey: ['history', 'bulk', filterText(filter), now, version, from],
    queryFn: async () => {
      const body = { filter: chosen, version, from, dry_run: true };
      return (await answer(api.POST('/api/automations/logs/replay', { body }))) as unknown as Plan;
    },
    staleTime: 0,
    retry: false,
  });
  const start = useMutation({
    mutationFn: async (expected: number) => {
      const body = { filter: chosen, version, from, dry_run: false, expected };
      const told = api.POST('/api/automations/logs/replay', { body, headers: onceKey() });
      return (await answer(told)) as unknown as Started;
    },
    onSuccess: ({ replay_id, runs }) => {
      onClose();
      done(t('bulkStarted', { count: runs }));
      void navigate({ to: '/automations/logs', search: runFilter({ replay: replay_id }) });
    },
    onError: (error) => failed(error),
  });
  const left = plan.data?.not_replayable ?? [];
  return (
    <Modal
      opened
      onClose={onClose}
      closeButtonProps={{ 'aria-label': tApp('close') }}
      title={t('bulkTitle')}
      size="lg"
    >
      <Stack gap="sm">
        <Group align="flex-end">
          <Select
            label={t('replayVersion')}
            data={(['then', 'live', 'draft'] as const).map((value) => ({
              value,
              label: t(`versions.${value}`),
            }))}
            value={version}
            onChange={(value) => value && setVersion(value as Version)}
            allowDeselect={false}
            w={230}
          />
          <SegmentedControl
            aria-label={t('replayFrom')}
            data={(['start', 'failed'] as const).map((value) => ({ value, label: t(`starts.${value}`) }))}
            value={from}
            onChange={(value) => setFrom(value as 'start' | 'failed')}
          />
        </Group>
        {plan.isPending && <Skeleton height={90} />}
        {plan.error && <LoadError error={plan.error} onRetry={() => void plan.refetch()} />}
        {plan.data && (
          <>
            <Text fw={500}>{t('bulkCount', { count: plan.data.runs })}</Text>
            {plan.data.effects.length > 0 && (
              <Alert color="yellow" variant="light" icon={<IconAlertTriangle />} title={t('happensAgain')}>
                <List fz="sm">
                  {plan.data.effects.slice(0, SHOWN).map((each) => (
                    <List.Item key={`${each.automation_id} ${each.step_id}`}>
                      {t('effectIn', { step: each.step_id, type: each.action_type, count: each.count })}
                    </List.Item>
                  ))}
                  {plan.data.effects.length > SHOWN && (
                    <List.Item>{t('andMore', { count: plan.data.effects.length - SHOWN })}</List.Item>
                  )}
                </List>
              </Alert>
            )}
            {plan.data.warnings.map((each) => (
              <Text key={each} fz="sm">
                {each}
              </Text>
            ))}
            {left.length > 0 && (
              <div>
                <Text fz="sm" c="dimmed">
                  {t('leftOut', { count: left.length })}
                </Text>
                <List fz="xs" c="dimmed">
                  {left.slice(0, SHOWN).map((each) => (
                    <List.Item key={each.run_id}>{each.reason}</List.Item>
                  ))}
                </List>
              </div>
            )}
          </>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {tApp('cancel')}
          </Button>
          <Button
            disabled={!plan.data?.runs || plan.isFetching}
            loading={start.isPending}
            onClick={() => plan.data && start.mutate(plan.data.runs)}
          >
            {t('bulkGo', { count: plan.data?.runs ?? 0 })}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
