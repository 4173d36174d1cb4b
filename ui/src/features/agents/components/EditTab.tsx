import { Alert, Button, Divider, Group, Stack, Title } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useBlocker } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { fieldErrors, Problem } from '~/api/problem';
import { type AgentDraft, changesOf, draftOf } from '../draft';
import { useSaveAgent } from '../mutations';
import { type Agent, agentKeys } from '../queries';
import { ChannelsStep } from '../steps/ChannelsStep';
import { IdentityStep } from '../steps/IdentityStep';
import { ModelStep } from '../steps/ModelStep';
import { ToolsStep } from '../steps/ToolsStep';

const PARTS = [
  ['identity', IdentityStep],
  ['model', ModelStep],
  ['channels', ChannelsStep],
  ['tools', ToolsStep],
] as const;
const STALE = 412;

/** The forms of the builder, one below the other. */
export function EditTab({ agent, etag }: { agent: Agent; etag: string | null }) {
  const { t } = useTranslation('agents');
  const client = useQueryClient();
  const [draft, setDraft] = useState<AgentDraft>(draftOf(agent));
  const [picture, setPicture] = useState<File | null>(null);
  const save = useSaveAgent(agent, etag);
  const changed = picture !== null || Object.keys(changesOf(draftOf(agent), draft)).length > 0;
  useBlocker({
    shouldBlockFn: () => changed && !save.isPending && !window.confirm(t('leave')),
    enableBeforeUnload: () => changed,
    disabled: !changed,
  });
  const errors = fieldErrors(save.error);
  const stale = save.error instanceof Problem && save.error.status === STALE;
  const props = {
    draft,
    errors,
    picture,
    onPicture: setPicture,
    change: (part: Partial<AgentDraft>) => setDraft((before) => ({ ...before, ...part })),
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate({ draft, picture }, { onSuccess: () => setPicture(null) });
      }}
      noValidate
    >
      <Stack maw={820} gap="lg">
        {PARTS.map(([name, Part], at) => (
          <Stack key={name} gap="sm" component="section">
            {at > 0 && <Divider />}
            <Title order={2}>{t(`steps.${name}`)}</Title>
            <Part {...props} />
          </Stack>
        ))}
        {save.error && Object.keys(errors).length === 0 && (
          <Alert color="red" variant="light" role="alert">
            <Stack gap="xs" align="flex-start">
              {stale ? t('stale') : save.error.message}
              {stale && (
                <Button
                  size="xs"
                  variant="default"
                  onClick={() => {
                    setDraft(draftOf(agent));
                    void client.invalidateQueries({ queryKey: agentKeys.detail(agent.id) });
                  }}
                >
                  {t('readAgain')}
                </Button>
              )}
            </Stack>
          </Alert>
        )}
        <Group gap="xs">
          <Button type="submit" loading={save.isPending} disabled={!changed}>
            {t('save')}
          </Button>
          {changed && (
            <Button
              variant="subtle"
              color="gray"
              onClick={() => {
                setDraft(draftOf(agent));
                setPicture(null);
              }}
            >
              {t('discard')}
            </Button>
          )}
        </Group>
      </Stack>
    </form>
  );
}
