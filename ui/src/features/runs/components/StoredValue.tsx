import { Button, Code, Group, Stack, Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { download } from '~/design/download';
import { numberFormat } from '~/design/formats';
import { failed } from '~/design/toast';
import type { Json } from '~/design/treeRows';
import { ValueTree } from '~/design/ValueTree';
import { blobsIn, isJson, isReference, type Reference } from '../blobs';
import { blobOf } from '../queries';

interface Props {
  value: Json;
  label: string;
  root: string;
  /** Read the whole of a value that is shown by its beginning. */
  onWhole?: () => void;
}

const isObject = (value: Json): value is { [name: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A recorded value: itself, its beginning where it is large, or the file beside the run that holds it. */
export function StoredValue({ value, label, root, onWhole }: Props) {
  const { t, i18n } = useTranslation('runs');
  if (value === null) {
    return (
      <Text fz="sm" c="dimmed">
        {t('noValue')}
      </Text>
    );
  }
  if (isObject(value) && typeof value.$preview === 'string') {
    return (
      <Stack gap="xs">
        <Group gap="xs">
          <Text fz="sm">{t('large', { size: bytes(Number(value.size), i18n.language) })}</Text>
          {onWhole && (
            <Button size="compact-sm" variant="light" onClick={onWhole}>
              {t('loadWhole')}
            </Button>
          )}
        </Group>
        <Code block mah={240} style={{ overflow: 'auto', whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
          {value.$preview}…
        </Code>
      </Stack>
    );
  }
  if (isReference(value)) return <BesideTheRun reference={value} label={label} root={root} />;
  return (
    <Stack gap="xs">
      <ValueTree value={value} label={label} root={root} />
      {blobsIn(value).map(({ path, reference }) => (
        <div key={path}>
          <Text fz="xs" fw={600}>
            {path}
          </Text>
          <BesideTheRun reference={reference} label={path} root={root ? `${root}.${path}` : path} />
        </div>
      ))}
    </Stack>
  );
}

function BesideTheRun({ reference, label, root }: { reference: Reference; label: string; root: string }) {
  const { t, i18n } = useTranslation('runs');
  const [value, setValue] = useState<Json | undefined>(undefined);
  const isText = isJson(reference);
  const fetchIt = useMutation({
    mutationFn: async (as: 'value' | 'file') => ({ as, content: await blobOf(reference.$blob) }),
    onSuccess: async ({ as, content }) => {
      if (as === 'file') download(content, isText ? `${label}.json` : reference.$blob);
      else setValue(JSON.parse(await content.text()) as Json);
    },
    onError: (error) => failed(error),
  });
  if (value !== undefined) return <ValueTree value={value} label={label} root={root} />;
  return (
    <Group gap="xs">
      <Text fz="sm">
        {t('file', {
          type: reference.media_type ?? '',
          size: bytes(reference.size ?? 0, i18n.language),
        })}
      </Text>
      {isText && (
        <Button
          size="compact-sm"
          variant="light"
          loading={fetchIt.isPending}
          onClick={() => fetchIt.mutate('value')}
        >
          {t('loadWhole')}
        </Button>
      )}
      <Button
        size="compact-sm"
        variant="default"
        loading={fetchIt.isPending}
        onClick={() => fetchIt.mutate('file')}
      >
        {t('downloadFile')}
      </Button>
    </Group>
  );
}

function bytes(size: number, language: string): string {
  const [value, unit] = size < 1e6 ? [size / 1e3, 'kilobyte'] : [size / 1e6, 'megabyte'];
  return numberFormat(language, { style: 'unit', unit, maximumFractionDigits: 1 }).format(value);
}
