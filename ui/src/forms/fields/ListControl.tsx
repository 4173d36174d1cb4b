import { ActionIcon, Box, Button, Group, Stack, Text } from '@mantine/core';
import { IconArrowDown, IconArrowUp, IconPlus, IconTrash } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { blankItem } from '../blank';
import { useForm } from '../context';
import { Field } from '../Field';
import { type Reading, read } from '../schema';
import { moved, placeOf, withItem, without } from '../values';
import type { ControlProps } from './control';
import classes from './Frame.module.css';
import { useAddedFocus } from './useAddedFocus';
import { useRows } from './useRows';

type List = Extract<Reading['shape'], { kind: 'list' }>;

const LARGE = new Set<Reading['shape']['kind']>([
  'group',
  'union',
  'dict',
  'list',
  'any',
  'condition',
  'form',
]);

/** Items one under the other: add, remove, move up and down. */
export function ListControl({
  reading,
  shape,
  value,
  onChange,
  at,
  id,
  label,
  disabled,
}: ControlProps<List>) {
  const { t } = useTranslation('forms');
  const { root } = useForm();
  const items = Array.isArray(value) ? value : value === undefined || value === null ? [] : [value];
  const single = !Array.isArray(value) && items.length === 1;
  const { ids, setIds } = useRows(items.length);
  const { ref, adding } = useAddedFocus(items.length);
  const most =
    typeof reading.schema.maxItems === 'number' ? reading.schema.maxItems : Number.POSITIVE_INFINITY;
  const large = LARGE.has(read(shape.items, root).shape.kind);
  const change = (next: unknown[], rows: number[]) => {
    setIds(rows);
    onChange(next.length === 0 ? undefined : next);
  };
  const move = (from: number, to: number) => change(moved(items, from, to), moved(ids, from, to) as number[]);
  const remove = (index: number) => change(without(items, index), without(ids, index) as number[]);
  return (
    <Stack gap={large ? 'sm' : 6} ref={ref}>
      {items.map((item, index) => {
        const name = t('itemOf', { label, number: index + 1 });
        const buttons = !disabled && (
          <Group gap={0} wrap="nowrap">
            {items.length > 1 && (
              <>
                <ActionIcon
                  variant="subtle"
                  color="gray"
                  size="sm"
                  disabled={index === 0}
                  aria-label={t('moveUp', { name })}
                  onClick={() => move(index, index - 1)}
                >
                  <IconArrowUp size={13} />
                </ActionIcon>
                <ActionIcon
                  variant="subtle"
                  color="gray"
                  size="sm"
                  disabled={index === items.length - 1}
                  aria-label={t('moveDown', { name })}
                  onClick={() => move(index, index + 1)}
                >
                  <IconArrowDown size={13} />
                </ActionIcon>
              </>
            )}
            <ActionIcon
              variant="subtle"
              color="gray"
              size="sm"
              aria-label={t('removeOf', { label: name })}
              onClick={() => remove(index)}
            >
              <IconTrash size={13} />
            </ActionIcon>
          </Group>
        );
        const field = (
          <Field
            key={ids[index]}
            schema={shape.items}
            name={name}
            at={single ? at : placeOf(at, index)}
            inside={single ? id : undefined}
            value={item}
            required
            bare
            onChange={(next) => onChange(withItem(items, index, next === undefined ? '' : next))}
          />
        );
        return large ? (
          <Box key={ids[index]} className={classes.nested} data-row>
            <Group justify="space-between" mb={4}>
              <Text fz="xs" fw={600} c="dimmed">
                {index + 1}
              </Text>
              {buttons}
            </Group>
            {field}
          </Box>
        ) : (
          <Group key={ids[index]} gap={4} wrap="nowrap" align="flex-start" data-row>
            {field}
            <Box pt={7}>{buttons}</Box>
          </Group>
        );
      })}
      {!disabled && (
        <Button
          id={id}
          variant="default"
          size="xs"
          w="fit-content"
          leftSection={<IconPlus size={14} />}
          disabled={items.length >= most}
          aria-label={t('addOf', { label })}
          onClick={() => {
            adding();
            onChange([...items, blankItem(shape.items, root)]);
          }}
        >
          {t('add')}
        </Button>
      )}
    </Stack>
  );
}
