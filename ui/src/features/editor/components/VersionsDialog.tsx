import { Badge, Button, Group, Stack, Text } from '@mantine/core';
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { answer, api } from '~/api/client';
import { Dialog } from '~/design/Dialog';
import { ListState } from '~/design/ListState';
import { done, failed } from '~/design/toast';
import { When } from '~/design/When';
import { automationKeys } from '~/features/automations/queries';
import { differencesQuery, versionsQuery } from '../queries';
import { Differences } from './Differences';
import { useEditor, useSaving } from './EditorContext';

/** What was published, and the way back to it. */
export function VersionsDialog({ opened, close }: { opened: boolean; close: () => void }) {
  const { t } = useTranslation('editor');
  return (
    <Dialog opened={opened} onClose={close} title={t('versions')} size="lg">
      {opened && <Versions close={close} />}
    </Dialog>
  );
}

function Versions({ close }: { close: () => void }) {
  const { t } = useTranslation('editor');
  const { t: tApp } = useTranslation();
  const { id } = useEditor();
  const list = useInfiniteQuery(versionsQuery(id));
  const [open, setOpen] = useState<number | null>(null);
  const rows = list.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <ListState
      isPending={list.isPending}
      error={list.error}
      onRetry={() => void list.refetch()}
      isEmpty={rows.length === 0}
      empty={<Text fz="sm">{t('notLive')}</Text>}
    >
      <Stack gap="sm">
        {rows.map(({ number, note, created_at, live }) => (
          <div key={number}>
            <Group gap="sm" wrap="nowrap">
              <Text fz="sm" fw={600}>
                {t('version', { version: number })}
              </Text>
              {live && (
                <Badge variant="light" color="teal" tt="none" radius="sm">
                  {t('liveNow')}
                </Badge>
              )}
              <Text fz="sm" c="dimmed" style={{ flex: 1, overflowWrap: 'anywhere' }}>
                {note}
              </Text>
              <Text fz="xs" c="dimmed">
                <When at={created_at} />
              </Text>
              <Button
                size="compact-xs"
                variant="default"
                aria-expanded={open === number}
                onClick={() => setOpen(open === number ? null : number)}
              >
                {t('compare')}
              </Button>
            </Group>
            {open === number && <Version number={number} live={live} close={close} />}
          </div>
        ))}
        {list.hasNextPage && (
          <Button variant="default" size="xs" onClick={() => void list.fetchNextPage()}>
            {tApp('more')}
          </Button>
        )}
      </Stack>
    </ListState>
  );
}

/** What going back to a version would change in the draft. */
function Version({ number, live, close }: { number: number; live: boolean; close: () => void }) {
  const { t } = useTranslation('editor');
  const { t: tApp } = useTranslation();
  const { id, saving } = useEditor();
  const client = useQueryClient();
  const etag = useSaving(({ detail }) => detail.etag);
  const compared = useQuery(differencesQuery(id, number, 'draft', etag));
  const back = useMutation({
    mutationFn: async (version: number) => {
      await saving.flush();
      const before = saving.state.getState().detail.live_version;
      const after = await answer(
        api.POST('/api/automations/{automation_id}/rollback', {
          params: { path: { automation_id: id } },
          body: { version },
        }),
      );
      return { before, after, version };
    },
    onSuccess: ({ before, after, version }) => {
      saving.adopt(after);
      void client.invalidateQueries({ queryKey: automationKeys.all });
      void client.invalidateQueries({ queryKey: ['editor', 'versions', id] });
      close();
      done(
        t('wentBack', { version }),
        before === null ? undefined : { label: tApp('undo'), act: () => back.mutate(before) },
      );
    },
    onError: (error) => failed(error),
  });
  const changes = compared.data?.differences ?? [];
  return (
    <Stack gap="xs" mt={6} pl="sm" style={{ borderLeft: 'var(--shell-edge)' }}>
      {compared.isSuccess && changes.length === 0 ? (
        <Text fz="xs" c="dimmed">
          {t('sameAsDraft')}
        </Text>
      ) : (
        <Text fz="xs" c="dimmed">
          {t('backWould')}
        </Text>
      )}
      <Differences differences={changes} />
      {!(live && changes.length === 0) && (
        <Button
          size="xs"
          variant="default"
          loading={back.isPending}
          onClick={() => back.mutate(number)}
          style={{ alignSelf: 'flex-start' }}
        >
          {t('goBack', { version: number })}
        </Button>
      )}
    </Stack>
  );
}
