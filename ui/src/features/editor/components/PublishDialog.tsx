import { Alert, Button, Group, Stack, Text, Textarea } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { answer, api, ifMatch } from '~/api/client';
import { Problem } from '~/api/problem';
import { Dialog } from '~/design/Dialog';
import { done, failed } from '~/design/toast';
import { automationKeys } from '~/features/automations/queries';
import { differencesQuery } from '../queries';
import { type Finding, useFindingsStore } from '../state/findings';
import { Differences } from './Differences';
import { useEditor, useSaving } from './EditorContext';
import { FindingsList } from './FindingsMenu';

/** What publishing changes in what runs, and why it can't be done yet where it can't. */
export function PublishDialog({
  opened,
  close,
  run,
}: {
  opened: boolean;
  close: () => void;
  run: () => void;
}) {
  const { t } = useTranslation('editor');
  return (
    <Dialog opened={opened} onClose={close} title={t('publishTitle')} size="lg">
      {opened && <Publish close={close} run={run} />}
    </Dialog>
  );
}

function Publish({ close, run }: { close: () => void; run: () => void }) {
  const { t } = useTranslation('editor');
  const { id, saving } = useEditor();
  const client = useQueryClient();
  const detail = useSaving((state) => state.detail);
  const phase = useSaving((state) => state.phase);
  const findings = useFindingsStore((state) => state.all);
  const [note, setNote] = useState('');
  const [refused, setRefused] = useState<Finding[] | null>(null);
  useEffect(() => {
    void saving.flush();
  }, [saving]);
  const live = detail.live_version;
  const compared = useQuery({
    ...differencesQuery(id, live ?? 0, 'draft', detail.etag),
    enabled: live !== null && phase === 'saved',
  });
  const publish = useMutation({
    mutationFn: async () => {
      if (!(await saving.flush()))
        throw new Error(saving.state.getState().problem?.message ?? t('notSavedYet'));
      return answer(
        api.POST('/api/automations/{automation_id}/publish', {
          params: { path: { automation_id: id } },
          headers: ifMatch(saving.state.getState().detail.etag),
          body: { note: note.trim() || null },
        }),
      );
    },
    onSuccess: (after) => {
      saving.adopt(after);
      void client.invalidateQueries({ queryKey: automationKeys.all });
      void client.invalidateQueries({ queryKey: ['editor', 'versions', id] });
      close();
      done(t('published', { name: after.name, version: after.live_version ?? 1 }), {
        label: t('run'),
        act: run,
      });
    },
    onError: (error) => {
      if (error instanceof Problem && error.errors.length > 0)
        setRefused(error.errors.map((each) => ({ ...each, severity: 'error' as const })));
      else failed(error);
    },
  });
  const errors = refused ?? findings.filter(({ severity }) => severity === 'error');
  const changes = compared.data?.differences ?? [];
  const nothing = live !== null && compared.isSuccess && changes.length === 0;
  return (
    <Stack gap="md">
      {errors.length > 0 && (
        <Alert color="red" variant="light" title={t('cantPublish', { count: errors.length })}>
          <FindingsList findings={errors} onJump={close} />
        </Alert>
      )}
      {live === null ? (
        <Text fz="sm">{t('firstPublish')}</Text>
      ) : nothing ? (
        <Text fz="sm">{t('nothingChanged', { version: live })}</Text>
      ) : (
        <div>
          <Text fz="sm" fw={500} mb={6}>
            {t('comparedWith', { version: live })}
          </Text>
          {compared.data ? (
            <Differences differences={changes} backwards />
          ) : (
            <Text fz="sm">{compared.error?.message ?? '…'}</Text>
          )}
        </div>
      )}
      <Textarea
        label={t('note')}
        placeholder={t('noteHint')}
        maxLength={500}
        autosize
        minRows={2}
        value={note}
        onChange={(event) => setNote(event.currentTarget.value)}
      />
      <Group justify="flex-end">
        <Button variant="default" onClick={close}>
          {t('cancel')}
        </Button>
        <Button
          loading={publish.isPending}
          disabled={nothing || errors.length > 0 || phase === 'refused' || phase === 'conflict'}
          onClick={() => publish.mutate()}
        >
          {t('publish')}
        </Button>
      </Group>
    </Stack>
  );
}
