import {
  Alert,
  Button,
  Group,
  List,
  Modal,
  Select,
  Skeleton,
  Stack,
  Switch,
  Text,
  Textarea,
} from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconAlertTriangle } from '@tabler/icons-react';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { answer, api } from '~/api/client';
import { LoadError } from '~/design/ListState';
import { type Replay, replayPlan, useReplay } from '../mutations';
import type { RunDetail } from '../queries';

const TYPING_MS = 500;

interface Props {
  run: RunDetail;
  steps: string[];
  from: string;
  isEdited?: boolean;
  version?: Replay['version'];
  onClose: () => void;
}

/** Replay a run: which version, from where, with which input; what it would do again is told before. */
export function ReplayDialog(props: Props) {
  const { run, steps, from: first, isEdited = false, onClose } = props;
  const { t } = useTranslation('runs');
  const { t: tApp } = useTranslation();
  const [version, setVersion] = useState<Replay['version']>(props.version ?? 'then');
  const [from, setFrom] = useState(first);
  const [edits, setEdits] = useState(isEdited);
  const [typed, setTyped] = useState<string | null>(null);
  const whole = useQuery({
    queryKey: ['history', 'input', run.id],
    queryFn: ({ signal }) =>
      answer(
        api.GET('/api/automations/logs/{log_id}', {
          params: { path: { log_id: run.id }, query: { full: true, values: false, items: false } },
          signal,
        }),
      ),
    enabled: edits,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const text = typed ?? (whole.data ? JSON.stringify(whole.data.trigger_data, null, 2) : '');
  const read = parsed(text);
  const replay: Replay = {
    version,
    from,
    ...(edits && typed !== null && read.ok ? { payload: read.value } : {}),
  };
  const [asked] = useDebouncedValue(JSON.stringify(replay), TYPING_MS);
  const plan = useQuery({
    queryKey: ['history', 'plan', run.id, asked],
    queryFn: () => replayPlan(run.id, JSON.parse(asked) as Replay),
    placeholderData: keepPreviousData,
    staleTime: 0,
    retry: false,
  });
  const start = useReplay(run.id);
  const isSettled = asked === JSON.stringify(replay) && !plan.isFetching;
  const names = [
    { value: 'start', label: t('fromStart') },
    ...(run.status === 'failed' ? [{ value: 'failed', label: t('fromFailed') }] : []),
    ...steps.map((id) => ({
      value: id === 'start' || id === 'failed' ? `step:${id}` : id,
      label: t('fromStep', { step: id }),
    })),
  ];
  return (
    <Modal
      opened
      onClose={onClose}
      closeButtonProps={{ 'aria-label': tApp('close') }}
      title={t('replayTitle')}
      size="lg"
    >
      <Stack gap="sm">
        <Group grow align="flex-start">
          <Select
            label={t('replayVersion')}
            data={(['then', 'live', 'draft'] as const).map((value) => ({
              value,
              label: t(`versions.${value}`),
            }))}
            value={version}
            onChange={(value) => value && setVersion(value as Replay['version'])}
            allowDeselect={false}
          />
          <Select
            label={t('replayFrom')}
            data={names}
            value={from}
            searchable={names.length > 12}
            onChange={(value) => value && setFrom(value)}
            allowDeselect={false}
          />
        </Group>
        <Switch
          label={t('editInput')}
          description={from === 'start' ? undefined : t('editInputLater')}
          checked={edits}
          onChange={(event) => setEdits(event.currentTarget.checked)}
        />
        {edits && whole.isPending && <Skeleton height={120} />}
        {edits && whole.data && (
          <Textarea
            label={t('triggerData')}
            autosize
            minRows={5}
            maxRows={16}
            spellCheck={false}
            error={typed !== null && !read.ok ? t('noJson') : undefined}
            styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)', fontSize: 12 } }}
            value={text}
            onChange={(event) => setTyped(event.currentTarget.value)}
          />
        )}
        {plan.error && <LoadError error={plan.error} onRetry={() => void plan.refetch()} />}
        {!plan.data && !plan.error && <Skeleton height={70} />}
        {plan.data && !plan.error && (
          <Stack gap="xs" aria-live="polite">
            {plan.data.effects.length > 0 ? (
              <Alert color="yellow" variant="light" icon={<IconAlertTriangle />} title={t('happensAgain')}>
                <List fz="sm">
                  {plan.data.effects.map((each) => (
                    <List.Item key={each.step_id}>
                      {each.step_id} ({each.action_type}) — {t(`effects.${each.effect}`)}
                    </List.Item>
                  ))}
                </List>
              </Alert>
            ) : (
              <Text fz="sm">{t('nothingAgain')}</Text>
            )}
            {plan.data.recorded.length > 0 && (
              <Text fz="sm" c="dimmed">
                {t('recorded', { steps: plan.data.recorded.join(', ') })}
              </Text>
            )}
            {plan.data.warnings.map((each) => (
              <Text key={each} fz="sm">
                {each}
              </Text>
            ))}
          </Stack>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {tApp('cancel')}
          </Button>
          <Button
            disabled={!isSettled || !plan.data || Boolean(plan.error) || (edits && !read.ok)}
            loading={start.isPending}
            onClick={() => start.mutate(replay, { onSuccess: onClose })}
          >
            {t('replayNow')}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}

function parsed(text: string): { ok: true; value: unknown } | { ok: false } {
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch {
    return { ok: false };
  }
}
