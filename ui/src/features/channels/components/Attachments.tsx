import { Anchor, Group } from '@mantine/core';
import { IconPaperclip } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { readBytes } from '~/api/bytes';
import { failed } from '~/design/toast';

interface File {
  $file: string;
  name: string;
  size: number;
}

function isFile(value: unknown): value is File {
  return typeof value === 'object' && value !== null && '$file' in value && 'name' in value;
}

async function save({ $file, name }: File): Promise<void> {
  const address = URL.createObjectURL(await readBytes(`/api/files/${$file}/content`));
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  URL.revokeObjectURL(address);
}

/** Files of a message; a click downloads one. */
export function Attachments({ attachments }: { attachments: unknown[] }) {
  const { i18n } = useTranslation('channels');
  const files = attachments.filter(isFile);
  if (files.length === 0) return null;
  const size = new Intl.NumberFormat(i18n.language, {
    style: 'unit',
    unit: 'kilobyte',
    maximumFractionDigits: 0,
  });
  return (
    <Group gap="sm">
      {files.map((file) => (
        <Anchor
          key={file.$file}
          component="button"
          type="button"
          fz="xs"
          onClick={() => void save(file).catch(failed)}
        >
          <Group gap={4} component="span" wrap="nowrap">
            <IconPaperclip size={13} aria-hidden />
            {file.name} ({size.format(Math.max(1, file.size / 1000))})
          </Group>
        </Anchor>
      ))}
    </Group>
  );
}
