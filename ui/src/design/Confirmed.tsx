import { Button, type ButtonProps, Group, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useTranslation } from 'react-i18next';
import { Dialog } from './Dialog';

interface Props extends Pick<ButtonProps, 'leftSection' | 'size'> {
  /** On the button, and on the one that confirms. */
  label: string;
  text: string;
  /** Of the button that confirms; red when missing. */
  color?: string;
  isPending: boolean;
  onConfirm: () => void;
}

/** A button that asks before it does what can't be undone. */
export function Confirmed({ label, text, color = 'red', isPending, onConfirm, ...button }: Props) {
  const { t } = useTranslation();
  const [opened, { open, close }] = useDisclosure();
  return (
    <>
      <Button variant="default" loading={isPending} onClick={open} {...button}>
        {label}
      </Button>
      <Dialog opened={opened} onClose={close} title={label}>
        <Stack>
          <Text fz="sm" style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
            {text}
          </Text>
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={close}>
              {t('dismiss')}
            </Button>
            <Button
              color={color}
              data-autofocus
              onClick={() => {
                onConfirm();
                close();
              }}
            >
              {label}
            </Button>
          </Group>
        </Stack>
      </Dialog>
    </>
  );
}
