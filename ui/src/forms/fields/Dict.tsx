import { ActionIcon, Box, Button, Group, Stack, Text, TextInput } from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Field } from '../Field';
import { isObject, type JsonSchema, type Reading } from '../schema';
import { placeOf } from '../values';
import type { ControlProps } from './control';
import { useAddedFocus } from './useAddedFocus';

type Dict = Extract<Reading['shape'], { kind: 'dict' }>;

interface Row {
  id: number;
  key: string;
  value: unknown;
}

let made = 0;
const row = (key: string, value: unknown): Row => {
  made += 1;
  return { id: made, key, value };
};

/** Names and values; a row counts as soon as it has a name of its own. */
export function DictControl({ shape, value, onChange, at, id, label, disabled }: ControlProps<Dict>) {
  return (
    <DictRows
      values={shape.values}
      value={isObject(value) ? value : {}}
      at={at}
      id={id}
      label={label}
      disabled={disabled}
      onChange={(next) => onChange(Object.keys(next).length === 0 ? undefined : next)}
    />
  );
}

interface Props {
  values: JsonSchema;
  value: Record<string, unknown>;
  onChange: (next: Record<string, unknown>) => void;
  at: string;
  id: string;
  label: string;
  disabled: boolean;
}

const same = (a: Record<string, unknown>, b: Record<string, unknown>) =>
  JSON.stringify(a) === JSON.stringify(b);

export function DictRows({ values, value, onChange, at, id, label, disabled }: Props) {
  const { t } = useTranslation('forms');
  const [rows, setRows] = useState(() => Object.entries(value).map(([key, each]) => row(key, each)));
  const [seen, setSeen] = useState(value);
  if (value !== seen) {
    setSeen(value);
    if (!same(value, told(rows))) {
      const free = [...rows];
      setRows(
        Object.entries(value).map(([key, each]) => {
          const at = free.findIndex((old) => old.key === key);
          const [old] = at >= 0 ? free.splice(at, 1) : [];
          return old ? { ...old, value: each } : row(key, each);
        }),
      );
    }
  }
  const { ref, adding } = useAddedFocus(rows.length);
  const change = (next: Row[]) => {
    setRows(next);
    const document = told(next);
    if (!same(document, value)) onChange(document);
  };
  const put = (index: number, part: Partial<Row>) =>
    change(rows.map((each, here) => (here === index ? { ...each, ...part } : each)));
  return (
    <Stack gap={6} ref={ref}>
      {rows.map((each, index) => {
        const twice = each.key !== '' && rows.findIndex(({ key }) => key === each.key) < index;
        return (
          <Group key={each.id} gap={6} wrap="nowrap" align="flex-start" data-row>
            <Box w="36%" style={{ flexShrink: 0 }}>
              <TextInput
                id={index === 0 ? id : undefined}
                aria-label={t('nameOf', { label, number: index + 1 })}
                placeholder={t('name')}
                autoComplete="off"
                spellCheck={false}
                disabled={disabled}
                value={each.key}
                error={twice ? t('nameTwice') : undefined}
                onChange={(event) => put(index, { key: event.currentTarget.value })}
              />
            </Box>
            <Field
              schema={values}
              name={t('valueOf', { name: each.key || label })}
              at={placeOf(at, each.key || `${index}`)}
              value={each.value}
              required
              bare
              onChange={(next) => put(index, { value: next === undefined ? '' : next })}
            />
            {!disabled && (
              <ActionIcon
                variant="subtle"
                color="gray"
                size="sm"
                mt={7}
                aria-label={t('removeOf', { label: each.key || label })}
                onClick={() => change(rows.filter(({ id: other }) => other !== each.id))}
              >
                <IconTrash size={13} />
              </ActionIcon>
            )}
          </Group>
        );
      })}
      {disabled && rows.length === 0 && (
        <Text fz="sm" c="dimmed">
          —
        </Text>
      )}
      {!disabled && (
        <Button
          id={rows.length === 0 ? id : undefined}
          variant="default"
          size="xs"
          w="fit-content"
          leftSection={<IconPlus size={14} />}
          aria-label={t('addOf', { label })}
          onClick={() => {
            adding();
            setRows([...rows, row('', '')]);
          }}
        >
          {t('add')}
        </Button>
      )}
    </Stack>
  );
}

/** The rows that have a name of their own, as a document. */
function told(rows: Row[]): Record<string, unknown> {
  const found = new Map<string, unknown>();
  for (const { key, value } of rows) if (key !== '' && !found.has(key)) found.set(key, value);
  return Object.fromEntries(found);
}
