import { ActionIcon, Box, Code, CopyButton, Group, Text, Tooltip } from '@mantine/core';
import { IconCheck, IconCopy } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';

interface Props {
  label: string;
  text: string;
  block?: boolean;
}

/** Something to take along: shown whole, copied with one click. */
export function CopyField({ label, text, block = false }: Props) {
  const { t } = useTranslation('forms');
  return (
    <Box>
      <Text fz="sm" fw={500} mb={2}>
        {label}
      </Text>
      <Group gap={6} wrap="nowrap" align="flex-start">
        <Code
          block={block}
          fz="xs"
          p={8}
          tabIndex={block ? 0 : undefined}
          style={{ flex: 1, minWidth: 0, overflowX: 'auto', overflowWrap: block ? undefined : 'anywhere' }}
        >
          {text}
        </Code>
        <CopyButton value={text}>
          {({ copied, copy }) => (
            <Tooltip label={copied ? t('copied') : t('copy')}>
              <ActionIcon variant="default" size={34} aria-label={t('copyOf', { label })} onClick={copy}>
                {copied ? <IconCheck size={15} /> : <IconCopy size={15} />}
              </ActionIcon>
            </Tooltip>
          )}
        </CopyButton>
      </Group>
    </Box>
  );
}
