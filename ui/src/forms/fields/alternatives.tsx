import { ActionIcon, Box, Group, Menu, Select, Stack, Text, Tooltip } from '@mantine/core';
import {
  Icon123,
  IconBracketsContain,
  IconCircleOff,
  IconCode,
  IconLetterCase,
  IconList,
  IconToggleLeft,
} from '@tabler/icons-react';
import { useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { blank, blankItem } from '../blank';
import { useForm } from '../context';
import { Field } from '../Field';
import { optionOf } from '../faults';
import { isObject, type JsonSchema, type Reading, type Scalar } from '../schema';
import { isTemplate, type Kind, kindOf } from '../values';
import type { ControlProps } from './control';
import { describing } from './describing';
import { JsonText } from './Json';

type Of<K extends Reading['shape']['kind']> = Extract<Reading['shape'], { kind: K }>;

const KINDS = {
  text: { icon: IconLetterCase, schema: { type: 'string' }, blank: '' },
  number: { icon: Icon123, schema: { type: 'number' }, blank: 0 },
  toggle: { icon: IconToggleLeft, schema: { type: 'boolean' }, blank: false },
  list: { icon: IconList, schema: { type: 'array', items: {} }, blank: [] },
  fields: { icon: IconBracketsContain, schema: { type: 'object', additionalProperties: {} }, blank: {} },
  empty: { icon: IconCircleOff, schema: {}, blank: null },
} as const satisfies Record<Kind, unknown>;

const OF_SCALAR: Record<Scalar, Kind> = {
  string: 'text',
  number: 'number',
  boolean: 'toggle',
  null: 'empty',
};

/** Text, a number, yes or no: the value keeps its type, and the menu beside it chooses another. */
export function ScalarControl(props: ControlProps<Of<'scalar'>>) {
  return <KindControl {...props} kinds={props.shape.types.map((type) => OF_SCALAR[type])} />;
}

/** Any value: text, number, yes or no, a list, fields; or written as JSON. */
export function AnyControl(props: ControlProps<Of<'any'>>) {
  return <KindControl {...props} kinds={['text', 'number', 'toggle', 'list', 'fields', 'empty']} json />;
}

function KindControl({
  kinds,
  json = false,
  value,
  onChange,
  at,
  id,
  label,
  disabled,
  reading,
}: ControlProps & { kinds: Kind[]; json?: boolean }) {
  const { t } = useTranslation('forms');
  const [asJson, setAsJson] = useState(false);
  const [begun, setBegun] = useState<Kind>('text');
  const before = useRef<Partial<Record<Kind, unknown>>>({});
  const stored = kindOf(value);
  // What is not set yet is shown as what was chosen, and as text at first.
  const kind: Kind =
    value === undefined ? begun : value === null && !kinds.includes('empty') ? 'text' : stored;
  const choose = (next: Kind) => {
    before.current[kind] = value;
    setAsJson(false);
    setBegun(next);
    if (next !== kind) onChange(before.current[next] ?? KINDS[next].blank);
  };
  const Icon = asJson ? IconCode : KINDS[kind].icon;
  const schema: JsonSchema = { ...KINDS[kind].schema };
  if (kind === 'text' && reading.schema.format) schema.format = reading.schema.format;
  const large = kind === 'list' || kind === 'fields' || asJson;
  const menu = !disabled && (
    <Menu position="bottom-end">
      <Menu.Target>
        <Tooltip label={t('kindOfValue')}>
          <ActionIcon
            variant="subtle"
            color="gray"
            size="sm"
            mt={large ? 0 : 7}
            aria-label={t('kindOf', { label, kind: asJson ? 'JSON' : t(`kinds.${kind}`) })}
          >
            <Icon size={14} />
          </ActionIcon>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown>
        {kinds.map((each) => {
          const Each = KINDS[each].icon;
          return (
            <Menu.Item key={each} leftSection={<Each size={14} />} onClick={() => choose(each)}>
              {t(`kinds.${each}`)}
            </Menu.Item>
          );
        })}
        {json && (
          <Menu.Item leftSection={<IconCode size={14} />} onClick={() => setAsJson(!asJson)}>
            {t('asJson')}
          </Menu.Item>
        )}
      </Menu.Dropdown>
    </Menu>
  );
  const control = asJson ? (
    <JsonText id={`${id}-json`} label={label} value={value} onChange={onChange} disabled={disabled} />
  ) : kind === 'empty' ? (
    <Text fz="sm" c="dimmed" py={7}>
      {t('kinds.empty')}
    </Text>
  ) : (
    <Field
      key={kind}
      schema={schema}
      name={label}
      at={at}
      inside={id}
      value={value === null ? undefined : value}
      bare
      required
      onChange={(next) => onChange(next === undefined && kind !== 'text' ? KINDS[kind].blank : next)}
    />
  );
  return (
    <Group gap={2} wrap="nowrap" align="flex-start">
      <Box style={{ flex: 1, minWidth: 0 }}>{control}</Box>
      {menu}
    </Group>
  );
}

/** One of several shapes: choose which, then fill it in. What was filled in the other ones comes back. */
export function UnionControl({
  shape,
  value,
  onChange,
  at,
  id,
  label,
  described,
  disabled,
}: ControlProps<Of<'union'>>) {
  const { t } = useTranslation('forms');
  const { root, expressions } = useForm();
  const before = useRef<Record<number, unknown>>({});
  const plain = shape.options.findIndex(({ schema }) => schema.type === 'string');
  const [chosen, setChosen] = useState<number | null>(null);
  const textFirst = expressions !== null && plain >= 0;
  const stored =
    textFirst && (value === undefined || isTemplate(value))
      ? plain
      : value === undefined && shape.by !== null
        ? null
        : optionOf(shape.options, shape.by, value, root);
  const now = chosen ?? stored;
  const option = now === null ? undefined : shape.options[now];
  const choose = (next: number) => {
    if (now !== null) before.current[now] = value;
    setChosen(next);
    const schema = shape.options[next]?.schema ?? {};
    const begun = before.current[next] ?? blank(schema, root, 0) ?? blankItem(schema, root);
    onChange(withConstant(begun, schema, shape.by));
  };
  return (
    <Stack gap={6}>
      <Select
        id={id}
        aria-label={t('kindOfLabel', { label })}
        {...describing(described)}
        size="xs"
        maw={260}
        disabled={disabled}
        allowDeselect={false}
        data={shape.options.map(({ label: said, kind }, index) => ({
          value: String(index),
          label: said ?? t(`shapes.${kind}`),
        }))}
        value={now === null ? null : String(now)}
        placeholder={t('choose')}
        onChange={(next) => next !== null && choose(Number(next))}
      />
      {option && (
        <Field
          key={now}
          schema={withoutConstant(option.schema, shape.by)}
          name={label}
          at={at}
          inside={id}
          value={value}
          required
          bare
          onChange={(next) => onChange(withConstant(next, option.schema, shape.by))}
        />
      )}
    </Stack>
  );
}

/** What is filled in, with the constant that says which alternative it is: the server may have it as a mere default. */
function withConstant(value: unknown, schema: JsonSchema, by: string | null): unknown {
  const property = by && isObject(schema.properties) ? schema.properties[by] : undefined;
  if (!by || !isObject(value) || by in value || !isObject(property) || !('const' in property)) return value;
  return { [by]: property.const, ...value };
}

/** The alternative without the constant that tells it apart: the menu says it already. */
function withoutConstant(schema: JsonSchema, by: string | null): JsonSchema {
  if (!by || !isObject(schema.properties)) return schema;
  const property = schema.properties[by];
  if (!isObject(property) || !('const' in property)) return schema;
  return { ...schema, properties: { ...schema.properties, [by]: { ...property, hidden: true } } };
}
