import { ActionIcon, Box, Group, Tooltip } from '@mantine/core';
import { IconBraces, IconForms } from '@tabler/icons-react';
import { useMemo, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { Control } from './Control';
import { findingsAt, useForm } from './context';
import { droppedPath, template } from './expressions/drag';
import { ExpressionInput } from './expressions/ExpressionInput';
import { focusOn, typeAt } from './expressions/insertion';
import { useMode } from './expressions/useMode';
import type { ControlProps } from './fields/control';
import { describedBy, Frame } from './fields/Frame';
import { humanised, type JsonSchema, read, type Shape } from './schema';

interface Props {
  schema: JsonSchema;
  at: string;
  /** The property's name: the label where the schema has no title. */
  name: string;
  value: unknown;
  onChange: (next: unknown) => void;
  required?: boolean;
  /** Without a visible label and help: it stands in a row that says what it is. */
  bare?: boolean;
  /** The id of the field that this one is the content of: the same place, whose findings that one tells. */
  inside?: string;
}

/** Shapes whose whole value may be an expression; the others have expressions inside. */
const WHOLE = new Set<Shape['kind']>([
  'text',
  'number',
  'toggle',
  'choice',
  'choices',
  'reference',
  'list',
  'dict',
  'group',
  'form',
]);
const GROUPS = new Set<Shape['kind']>([
  'group',
  'list',
  'dict',
  'union',
  'any',
  'condition',
  'form',
  'toggle',
  'scalar',
]);

/** pydantic's own titles ("For S", "Fail On Status") as words of a sentence. */
export function labelOf(schema: JsonSchema, name: string): string {
  const title = typeof schema.title === 'string' ? schema.title : '';
  const made = name.replaceAll('_', ' ').replaceAll(/\b[a-z]/g, (letter) => letter.toUpperCase());
  return !title || title === made ? humanised(name) : title;
}

/** One field of a form: its label, its control, its findings; fixed or an expression. */
export function Field({ schema, at, name, value, onChange, required = false, bare = false, inside }: Props) {
  const { t } = useTranslation('forms');
  const form = useForm();
  const reading = useMemo(() => read(schema, form.root), [schema, form.root]);
  const id = inside ? `${inside}-in` : `${form.idPrefix}-${at || 'value'}`;
  const label = bare ? name : labelOf(schema, name);
  const wrong = findingsAt(form.findings, at);
  const findings = inside ? [] : wrong;
  const whole = form.expressions !== null && !form.readOnly && WHOLE.has(reading.shape.kind);
  const mode = useMode({
    id,
    value,
    onChange,
    isText: reading.shape.kind === 'text',
    enabled: form.expressions !== null,
  });
  const box = useRef<HTMLDivElement>(null);
  const caret = useRef<number | null>(null);
  const description =
    typeof schema.description === 'string' ? schema.description : bare ? null : reading.description;
  const ids = describedBy(id);
  const noted = [!bare && description ? ids.description : '', findings.length > 0 ? ids.error : ''].filter(
    Boolean,
  );
  const described: ControlProps['described'] = {
    ...(noted.length > 0 ? { 'aria-describedby': noted.join(' ') } : {}),
    ...(wrong.some(({ severity }) => severity !== 'warning') ? { 'aria-invalid': true as const } : {}),
    ...(required ? { 'aria-required': true as const } : {}),
  };
  const expression = mode.now === 'expression' && form.expressions !== null;
  const grouped = !expression && GROUPS.has(reading.shape.kind);
  const control = expression ? (
    <ExpressionInput
      id={id}
      described={described}
      value={typeof value === 'string' ? value : ''}
      placeholder="{{ … }}"
      caret={caret}
      disabled={form.readOnly}
      onChange={(text) => onChange(text === '' ? undefined : text)}
    />
  ) : (
    <Control
      reading={reading}
      shape={reading.shape}
      value={value}
      onChange={onChange}
      at={at}
      id={id}
      label={label}
      required={required}
      described={described}
      disabled={form.readOnly || reading.readOnly}
    />
  );
  const toggle = whole && (
    <Tooltip label={expression ? t('toFixed') : t('toExpression')}>
      <ActionIcon
        variant={expression ? 'light' : 'subtle'}
        color={expression ? undefined : 'gray'}
        size="sm"
        aria-pressed={expression}
        aria-label={t('expressionOf', { label })}
        onClick={() => {
          if (!expression) caret.current = typeof value === 'string' ? value.length : 0;
          mode.toggle();
        }}
      >
        {expression ? <IconForms size={14} /> : <IconBraces size={14} />}
      </ActionIcon>
    </Tooltip>
  );
  const insert = (path: string) => {
    caret.current = Number.MAX_SAFE_INTEGER;
    mode.insert(path);
  };
  const events = {
    ref: box,
    onBlur: () => form.touch(at),
    onInputCapture: ({ target }: React.SyntheticEvent) => {
      const own = isTextField(target) && (target.id === id || target.id === `${id}-in`);
      if (own && !expression) caret.current = target.selectionStart;
    },
    onFocusCapture: (event: React.FocusEvent) => {
      if (whole) focusOn(event.target, insert);
    },
    onDragOver: (event: React.DragEvent) => {
      if (whole && droppedPath(event, true) !== null) event.preventDefault();
    },
    onDrop: (event: React.DragEvent) => {
      const path = whole ? droppedPath(event) : null;
      if (path === null) return;
      event.preventDefault();
      event.stopPropagation();
      if (isTextField(event.target)) typeAt(event.target, event, template(path));
      else insert(path);
    },
  };
  if (bare) {
    return (
      <Box {...events} style={{ flex: 1, minWidth: 0 }}>
        <Group gap={4} wrap="nowrap" align="flex-start">
          <Box
            style={{ flex: 1, minWidth: 0 }}
            role={grouped ? 'group' : undefined}
            aria-labelledby={grouped ? `${id}-label` : undefined}
          >
            <label htmlFor={grouped ? undefined : id} id={`${id}-label`} className="visually-hidden">
              {label}
            </label>
            {control}
          </Box>
          {toggle && <Box pt={6}>{toggle}</Box>}
        </Group>
        <BareFindings id={ids.error} findings={findings} />
      </Box>
    );
  }
  return (
    <Box {...events}>
      <Frame
        id={id}
        label={label}
        group={grouped}
        required={required}
        description={description}
        findings={findings}
        aside={toggle}
      >
        {control}
      </Frame>
    </Box>
  );
}

function BareFindings({ id, findings }: { id: string; findings: { message: string; severity?: string }[] }) {
  return (
    findings.length > 0 && (
      <Box id={id} fz="xs" c="var(--mantine-color-red-light-color)">
        {findings.map(({ message }) => message).join(' ')}
      </Box>
    )
  );
}

function isTextField(target: EventTarget): target is HTMLTextAreaElement | HTMLInputElement {
  return (
    target instanceof HTMLTextAreaElement ||
    (target instanceof HTMLInputElement && target.type === 'text' && !target.readOnly)
  );
}
