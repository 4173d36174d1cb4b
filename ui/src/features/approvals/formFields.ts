import type { Json } from '~/design/treeRows';

/** A field of a form that a question carries (JSON Schema of an object). */
export interface FormField {
  name: string;
  label: string;
  description: string | null;
  kind: 'text' | 'long' | 'number' | 'switch' | 'choice' | 'json';
  required: boolean;
  choices: { value: string; label: string }[];
  initial: Json | undefined;
}

type Schema = { [name: string]: Json };
const LONG_TEXT = 120;

const isObject = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function kindOf(schema: Schema): FormField['kind'] {
  if (Array.isArray(schema.enum)) return 'choice';
  switch (schema.type) {
    case 'boolean':
      return 'switch';
    case 'integer':
    case 'number':
      return 'number';
    case 'string':
      return typeof schema.maxLength !== 'number' || schema.maxLength <= LONG_TEXT ? 'text' : 'long';
    default:
      return 'json';
  }
}

export function fieldsOf(form: unknown): FormField[] {
  if (!isObject(form) || !isObject(form.properties)) return [];
  const required = Array.isArray(form.required) ? form.required : [];
  return Object.entries(form.properties).flatMap(([name, schema]): FormField[] => {
    if (!isObject(schema)) return [];
    const values = Array.isArray(schema.enum) ? schema.enum : [];
    return [
      {
        name,
        label: typeof schema.title === 'string' ? schema.title : name,
        description: typeof schema.description === 'string' ? schema.description : null,
        kind: kindOf(schema),
        required: required.includes(name),
        choices: values.map((value) => ({ value: JSON.stringify(value), label: String(value) })),
        initial: schema.default,
      },
    ];
  });
}

/** The fields of an input that is there: by what its values are. */
export function fieldsOfValue(value: { [name: string]: Json }): FormField[] {
  return Object.entries(value).map(([name, each]) => ({
    name,
    label: name,
    description: null,
    kind:
      typeof each === 'boolean'
        ? 'switch'
        : typeof each === 'number'
          ? 'number'
          : typeof each === 'string'
            ? each.length > 60 || each.includes('\n')
              ? 'long'
              : 'text'
            : 'json',
    required: false,
    choices: [],
    initial: each,
  }));
}

/** What somebody typed: texts and switches by the name of the field. */
export type Typed = Record<string, string | boolean>;

export function typedOf(fields: FormField[]): Typed {
  return Object.fromEntries(
    fields.map(({ name, kind, initial }) => {
      if (kind === 'switch') return [name, initial === true];
      if (initial === undefined) return [name, ''];
      if (kind === 'choice' || kind === 'json')
        return [name, JSON.stringify(initial, null, kind === 'json' ? 2 : 0)];
      return [name, String(initial)];
    }),
  );
}

/** The values, and what is wrong by field. An empty field that is not required is left out. */
export function valuesOf(
  fields: FormField[],
  typed: Typed,
  words: { missing: string; noNumber: string; noJson: string },
): { values: { [name: string]: Json }; errors: Record<string, string> } {
  const values: { [name: string]: Json } = {};
  const errors: Record<string, string> = {};
  for (const { name, kind, required, initial } of fields) {
    const text = typed[name] ?? '';
    if (typeof text === 'boolean') {
      values[name] = text;
    } else if (text === '') {
      if (required) errors[name] = words.missing;
      else if (typeof initial === 'string') values[name] = '';
    } else if (kind === 'number') {
      const number = Number(text.replace(',', '.'));
      if (Number.isFinite(number)) values[name] = number;
      else errors[name] = words.noNumber;
    } else if (kind === 'choice' || kind === 'json') {
      try {
        values[name] = JSON.parse(text) as Json;
      } catch {
        errors[name] = words.noJson;
      }
    } else values[name] = text;
  }
  return { values, errors };
}
