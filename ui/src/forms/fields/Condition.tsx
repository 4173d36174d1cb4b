import { ActionIcon, Autocomplete, Box, Button, Group, Select, Stack } from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { useForm } from '../context';
import { Field } from '../Field';
import { isObject, type Reading } from '../schema';
import { placeOf, withItem, withKey, without } from '../values';
import type { ControlProps } from './control';
import classes from './Frame.module.css';
import { useRows } from './useRows';

type ConditionShape = Extract<Reading['shape'], { kind: 'condition' }>;

const OPERATORS = [
  'equals',
  'not_equals',
  'greater',
  'at_least',
  'less',
  'at_most',
  'contains',
  'in',
  'exists',
  'missing',
  'matches',
] as const;
const WITHOUT_VALUE = new Set<unknown>(['exists', 'missing']);
const GROUPS = ['all', 'any', 'not'] as const;
type GroupName = (typeof GROUPS)[number];
type Node = Record<string, unknown>;

const BLANK: Node = { path: '', op: 'equals' };

function groupOf(node: Node): GroupName | null {
  return GROUPS.find((name) => node[name] !== undefined && node[name] !== null) ?? null;
}

/** A comparison, or a group of them: all, any, none. */
export function ConditionControl({ value, onChange, at, id, label, disabled }: ControlProps<ConditionShape>) {
  const { t } = useTranslation('forms');
  if (!isObject(value)) {
    return (
      <Button
        id={id}
        variant="default"
        size="xs"
        disabled={disabled}
        leftSection={<IconPlus size={14} />}
        aria-label={t('addOf', { label })}
        onClick={() => onChange(BLANK)}
      >
        {t('addCondition')}
      </Button>
    );
  }
  return (
    <Part
      node={value}
      onChange={onChange}
      onRemove={() => onChange(undefined)}
      at={at}
      id={id}
      disabled={disabled}
    />
  );
}

interface PartProps {
  node: Node;
  onChange: (next: Node) => void;
  onRemove: () => void;
  at: string;
  id: string;
  disabled: boolean;
}

function Part(props: PartProps) {
  return groupOf(props.node) === null ? <Comparison {...props} /> : <GroupPart {...props} />;
}

function RemoveButton({ onRemove, disabled }: Pick<PartProps, 'onRemove' | 'disabled'>) {
  const { t } = useTranslation('forms');
  if (disabled) return null;
  return (
    <ActionIcon variant="subtle" color="gray" size="sm" aria-label={t('removeCondition')} onClick={onRemove}>
      <IconTrash size={13} />
    </ActionIcon>
  );
}

function Comparison({ node, onChange, onRemove, at, id, disabled }: PartProps) {
  const { t } = useTranslation('forms');
  const { expressions } = useForm();
  const paths =
    expressions?.paths.map(({ path }) => path).filter((path) => path.startsWith('trigger.')) ?? [];
  const op = typeof node.op === 'string' ? node.op : null;
  return (
    <Box>
      <Group gap={6} wrap="nowrap" align="flex-start">
        <Autocomplete
          id={id}
          style={{ flex: 1, minWidth: 0 }}
          aria-label={t('conditionPath')}
          placeholder="trigger.data.type"
          data={paths}
          limit={20}
          disabled={disabled}
          value={typeof node.path === 'string' ? node.path : ''}
          onChange={(path) => onChange(withKey(node, 'path', path))}
        />
        <Select
          w={150}
          aria-label={t('conditionOperator')}
          allowDeselect={false}
          disabled={disabled}
          data={OPERATORS.map((value) => ({ value, label: t(`operators.${value}`) }))}
          value={op}
          onChange={(next) =>
            onChange(withKey(WITHOUT_VALUE.has(next) ? withKey(node, 'value', undefined) : node, 'op', next))
          }
        />
        <Box pt={7}>
          <RemoveButton onRemove={onRemove} disabled={disabled} />
        </Box>
      </Group>
      {!WITHOUT_VALUE.has(op) && (
        <Box mt={6}>
          <Field
            schema={op === 'in' ? { type: 'array', items: {} } : {}}
            name={t('conditionValue')}
            at={placeOf(at, 'value')}
            value={node.value}
            bare
            required
            onChange={(next) => onChange(withKey(node, 'value', next))}
          />
        </Box>
      )}
      {!disabled && (
        <Button
          variant="subtle"
          color="gray"
          size="compact-xs"
          mt={4}
          leftSection={<IconPlus size={12} />}
          onClick={() => onChange({ all: [node, BLANK] })}
        >
          {t('addCondition')}
        </Button>
      )}
    </Box>
  );
}

function GroupPart({ node, onChange, onRemove, at, id, disabled }: PartProps) {
  const { t } = useTranslation('forms');
  const name = groupOf(node) ?? 'all';
  const inside = node[name];
  const parts = (Array.isArray(inside) ? inside : [inside]).map((each) => (isObject(each) ? each : {}));
  const { ids, setIds } = useRows(parts.length);
  const put = (group: GroupName, next: Node[]) =>
    onChange(group === 'not' ? { not: next[0] ?? BLANK } : { [group]: next });
  return (
    <Box>
      <Group gap={6} mb={6}>
        <Select
          size="xs"
          w={190}
          aria-label={t('conditionGroup')}
          allowDeselect={false}
          disabled={disabled}
          data={GROUPS.filter((each) => each !== 'not' || parts.length === 1).map((each) => ({
            value: each,
            label: t(`groups.${each}`),
          }))}
          value={name}
          onChange={(next) => next && put(next as GroupName, parts)}
        />
        <RemoveButton onRemove={onRemove} disabled={disabled} />
      </Group>
      <Stack gap="xs" className={classes.nested}>
        {parts.map((each, index) => (
          <Part
            key={ids[index]}
            node={each}
            at={name === 'not' ? placeOf(at, name) : placeOf(placeOf(at, name), index)}
            id={`${id}-${index}`}
            disabled={disabled}
            onChange={(next) => put(name, withItem(parts, index, next) as Node[])}
            onRemove={() => {
              const left = without(parts, index) as Node[];
              setIds(without(ids, index) as number[]);
              if (left.length === 0) onRemove();
              else if (left.length === 1 && left[0]) onChange(left[0]);
              else put(name, left);
            }}
          />
        ))}
        {name !== 'not' && !disabled && (
          <Button
            variant="default"
            size="xs"
            w="fit-content"
            leftSection={<IconPlus size={14} />}
            onClick={() => put(name, [...parts, BLANK])}
          >
            {t('addCondition')}
          </Button>
        )}
      </Stack>
    </Box>
  );
}
