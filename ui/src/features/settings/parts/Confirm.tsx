import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

interface Props {
  /** On the button, and on the one that confirms. */
  label: string;
  title: string;
  text: string;
  isPending: boolean;
  onConfirm: () => void;
}

/** A small button that asks before it does what can't be undone. */
export function Confirm({ label, title, text, isPending, onConfirm }: Props) {
  const { t } = useTranslation('settings');
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button size="compact-xs" variant="subtle" color="red" onClick={() => setOpen(true)}>
        {label}
      </Button>
      <Modal opened={open} onClose={() => setOpen(false)} title={title} centered>
        <Stack>
          <Text fz="sm">{text}</Text>
          <Group justify="flex-end" gap="xs">
            <Button variant="default" data-autofocus onClick={() => setOpen(false)}>
              {t('cancel')}
            </Button>
            <Button
              color="red"
              loading={isPending}
              onClick={() => {
                onConfirm();
                setOpen(false);
              }}
            >
              {label}
            </Button>
          </Group>
        </Stack>
      </Modal>
    </>
  );
}
