import { Button, Group, Stack, Text } from '@mantine/core';
import { useBlocker } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { Dialog } from '~/design/Dialog';

interface Props {
  changed: boolean;
  isSaving: boolean;
  /** Gives whether it was saved. */
  onSave: () => Promise<boolean>;
}

/** Before what was typed would be lost: stay, save, or leave it. */
export function UnsavedDialog({ changed, isSaving, onSave }: Props) {
  const { t } = useTranslation('agents');
  const blocker = useBlocker({
    shouldBlockFn: () => changed && !isSaving,
    enableBeforeUnload: () => changed,
    disabled: !changed,
    withResolver: true,
  });
  const isAsked = blocker.status === 'blocked';
  const save = async () => {
    if (await onSave()) blocker.proceed?.();
    else blocker.reset?.();
  };
  return (
    <Dialog opened={isAsked} onClose={() => blocker.reset?.()} title={t('unsaved.title')} size="lg">
      <Stack gap="md">
        <Text fz="sm">{t('unsaved.text')}</Text>
        <Group justify="flex-end" gap="xs">
          <Button variant="subtle" color="gray" onClick={() => blocker.reset?.()}>
            {t('unsaved.stay')}
          </Button>
          <Button variant="default" onClick={() => blocker.proceed?.()}>
            {t('unsaved.leave')}
          </Button>
          <Button loading={isSaving} onClick={() => void save()} data-autofocus>
            {t('unsaved.save')}
          </Button>
        </Group>
      </Stack>
    </Dialog>
  );
}
