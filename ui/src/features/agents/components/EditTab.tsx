import { Alert, Button, Divider, Group, Stack, Text, Title } from '@mantine/core';
import { useHotkeys } from '@mantine/hooks';
import { useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { fieldErrors } from '~/api/problem';
import type { Agent } from '../queries';
import { ChannelsStep } from '../steps/ChannelsStep';
import { IdentityStep } from '../steps/IdentityStep';
import { ModelStep } from '../steps/ModelStep';
import { ToolsStep } from '../steps/ToolsStep';
import { ClashDialog } from './ClashDialog';
import { UnsavedDialog } from './UnsavedDialog';
import { useAgentEdit } from './useAgentEdit';

const PARTS = [
  ['identity', IdentityStep],
  ['model', ModelStep],
  ['channels', ChannelsStep],
  ['tools', ToolsStep],
] as const;

/** The forms of the builder, one below the other. */
export function EditTab({ agent, etag }: { agent: Agent; etag: string | null }) {
  const { t } = useTranslation('agents');
  const form = useRef<HTMLFormElement>(null);
  const edit = useAgentEdit({ agent, etag });
  const errors = fieldErrors(edit.error);
  const count = Object.keys(errors).length;
  const save = async () => {
    if (!edit.changed || edit.isSaving) return true;
    const saved = await edit.save();
    if (!saved) {
      requestAnimationFrame(() => form.current?.querySelector<HTMLElement>('[aria-invalid=true]')?.focus());
    }
    return saved;
  };
  useHotkeys([['mod+S', () => void save()]], []);
  const props = {
    draft: edit.draft,
    errors,
    picture: edit.picture,
    onPicture: edit.onPicture,
    change: edit.change,
  };
  return (
    <form
      ref={form}
      onSubmit={(event) => {
        event.preventDefault();
        void save();
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
        <Stack
          gap="xs"
          py="sm"
          pos="sticky"
          bottom={0}
          bg="var(--mantine-color-body)"
          style={{ borderTop: 'var(--shell-edge)', zIndex: 2 }}
        >
          {edit.error && (
            <Alert color="red" variant="light" py="xs" role="alert">
              {count > 0 ? t('review.faults') : edit.error.message}
              {Object.entries(errors).map(([at, message]) => (
                <Text key={at} fz="sm">
                  {message}
                </Text>
              ))}
            </Alert>
          )}
          <Group gap="xs">
            <Button type="submit" loading={edit.isSaving} disabled={!edit.changed}>
              {t('save')}
            </Button>
            {edit.changed && (
              <Button variant="subtle" color="gray" onClick={edit.discard}>
                {t('discard')}
              </Button>
            )}
            <Text fz="xs" c="dimmed" role="status">
              {edit.changed ? t('unsaved.note') : ''}
            </Text>
          </Group>
        </Stack>
      </Stack>
      <ClashDialog
        clash={edit.clash}
        mine={edit.draft}
        onMine={edit.keepMine}
        onTheirs={edit.takeTheirs}
        onClose={edit.goOn}
      />
      <UnsavedDialog changed={edit.changed} isSaving={edit.isSaving} onSave={save} />
    </form>
  );
}
