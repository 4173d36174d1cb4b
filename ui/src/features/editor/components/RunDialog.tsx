import { Alert, Button, Group, JsonInput, Stack, Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { answer, api, onceKey } from '~/api/client';
import { Dialog } from '~/design/Dialog';
import { failed } from '~/design/toast';
import { useSamples } from '../state/samples';
import { useStatuses } from '../state/status';
import { useView } from '../state/view';
import { useEditor, useSaving } from './EditorContext';

/** Run the live version by hand, with data; its steps are watched on the canvas. */
export function RunDialog({
  opened,
  close,
  publish,
}: {
  opened: boolean;
  close: () => void;
  publish: () => void;
}) {
  const { t } = useTranslation('editor');
  return (
    <Dialog opened={opened} onClose={close} title={t('runTitle')} size="lg">
      {opened && <Run close={close} publish={publish} />}
    </Dialog>
  );
}

function Run({ close, publish }: { close: () => void; publish: () => void }) {
  const { t } = useTranslation('editor');
  const { id } = useEditor();
  const { live_version: live, draft_changed: changed } = useSaving(({ detail }) => detail);
  const phase = useSaving((state) => state.phase);
  const sample = useSamples((samples) => samples.data);
  const [text, setText] = useState(() => JSON.stringify(sample ?? {}, null, 2));
  const payload = read(text);
  const run = useMutation({
    mutationFn: () =>
      answer(
        api.POST('/api/automations/{automation_id}/run', {
          params: { path: { automation_id: id } },
          headers: onceKey(),
          body: { payload: (payload?.value ?? null) as never },
        }),
      ),
    onSuccess: ({ run_id }) => {
      useStatuses.getState().begin(run_id);
      const view = useView.getState();
      if (view.face === 'json') view.show('canvas');
      close();
    },
    onError: (error) => failed(error),
  });
  const older = live !== null && (changed || phase !== 'saved');
  return (
    <Stack gap="md">
      {(live === null || older) && (
        <Alert color="yellow" variant="light" p="xs">
          <Group justify="space-between" wrap="nowrap">
            <Text fz="sm">{live === null ? t('runNeedsLive') : t('runsLive', { version: live })}</Text>
            <Button
              size="xs"
              variant="default"
              style={{ flexShrink: 0 }}
              onClick={() => {
                close();
                publish();
              }}
            >
              {t('publishFirst')}
            </Button>
          </Group>
        </Alert>
      )}
      <JsonInput
        label={t('payload')}
        description={t('payloadText')}
        autosize
        minRows={6}
        maxRows={20}
        classNames={{ input: 'json-input' }}
        value={text}
        onChange={setText}
        error={payload ? null : t('notJson')}
        data-autofocus
      />
      <Group justify="flex-end">
        <Button variant="default" onClick={close}>
          {t('cancel')}
        </Button>
        <Button loading={run.isPending} disabled={live === null || !payload} onClick={() => run.mutate()}>
          {t('runNow')}
        </Button>
      </Group>
    </Stack>
  );
}

function read(text: string): { value: unknown } | null {
  if (text.trim() === '') return { value: null };
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return null;
  }
}
