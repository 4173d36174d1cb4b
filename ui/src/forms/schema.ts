/** A JSON Schema (2020-12), as the catalogue gives it. */
export type JsonSchema = Record<string, unknown>;

export interface Choice {
  value: string | number | boolean | null;
  label: string;
}

export interface Property {
  name: string;
  schema: JsonSchema;
  required: boolean;
}

/** One of several alternatives; without a name of its own it goes by the kind of its shape. */
export interface Option {
  label: string | null;
  kind: Shape['kind'];
  schema: JsonSchema;
}

export type Scalar = 'string' | 'number' | 'boolean' | 'null';
export type Reference = 'connection' | 'agent' | 'channel' | 'automation';

/** What a field for a schema is: one of these decides which control is shown. */
export type Shape =
  | { kind: 'text'; long: boolean; format: string | null }
  | { kind: 'secret'; long: boolean }
  | { kind: 'number'; integer: boolean; format: string | null }
  | { kind: 'toggle' }
  | { kind: 'choice'; choices: Choice[] }
  | { kind: 'choices'; choices: Choice[] }
  | { kind: 'scalar'; types: Scalar[] }
  | { kind: 'reference'; of: Reference; purpose: string | null }
  | { kind: 'list'; items: JsonSchema }
  | { kind: 'dict'; values: JsonSchema }
  | { kind: 'group'; properties: Property[]; others: JsonSchema | null }
  | { kind: 'union'; options: Option[]; by: string | null }
  | { kind: 'condition' }
  | { kind: 'form' }
  | { kind: 'constant'; value: unknown }
  | { kind: 'any' };

/** A schema, read: its shape and what is said of it. */
export interface Reading {
  schema: JsonSchema;
  shape: Shape;
  title: string | null;
  description: string | null;
  default: unknown;
  example: unknown;
  nullable: boolean;
  advanced: boolean;
  readOnly: boolean;
}

const NOTES = new Set(['title', 'description', 'default', 'examples', 'deprecated', 'advanced', '$comment']);
const SCALARS: Record<string, Scalar> = {
  string: 'string',
  integer: 'number',
  number: 'number',
  boolean: 'boolean',
  null: 'null',
};
const MODEL = /^[A-Z][a-z0-9]*([A-Z][a-z0-9]*)+$/; // the name of a class, which nobody wrote for readers
const LONG_TEXT = 20_000; // letters; what may be so long is written in a large field
const LONG_SECRET = 10_000;
const DEEPEST = 30;

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

function schemas(value: unknown): JsonSchema[] {
  return list(value).map((each) => (isObject(each) ? each : {}));
}

/** The schema that a reference names; what stands beside `$ref` wins. A single `allOf` is as if it stood there itself. */
export function resolved(schema: JsonSchema, root: JsonSchema): JsonSchema {
  let here = schema;
  for (let depth = 0; depth < DEEPEST; depth += 1) {
    const { $ref, allOf, ...rest } = here;
    if (typeof $ref === 'string' && $ref.startsWith('#')) {
      let found: unknown = root;
      for (const part of $ref.slice(1).split('/').filter(Boolean)) {
        const name = part.replaceAll('~1', '/').replaceAll('~0', '~');
        found = isObject(found) ? found[name] : undefined;
      }
      here = { ...(isObject(found) ? found : {}), ...rest, ...(allOf === undefined ? {} : { allOf }) };
    } else if (Array.isArray(allOf)) {
      here = merged([...schemas(allOf).map((each) => resolved(each, root)), rest]);
    } else return here;
  }
  return {};
}

function merged(parts: JsonSchema[]): JsonSchema {
  const all = Object.assign({}, ...parts) as JsonSchema;
  const properties = Object.assign({}, ...parts.map((each) => each.properties ?? {})) as JsonSchema;
  const required = parts.flatMap((each) => list(each.required));
  if (Object.keys(properties).length > 0) all.properties = properties;
  if (required.length > 0) all.required = [...new Set(required)];
  return all;
}

function isNull(schema: JsonSchema): boolean {
  return schema.type === 'null' || ('const' in schema && schema.const === null);
}

function saysNothing(schema: JsonSchema): boolean {
  return Object.keys(schema).every((word) => NOTES.has(word) || word === 'format' || word === '$defs');
}

/** The alternatives of a schema: `anyOf`, `oneOf`, or several types. */
function alternatives(schema: JsonSchema, root: JsonSchema): JsonSchema[] | null {
  const { anyOf, oneOf, ...rest } = schema;
  const several = Array.isArray(anyOf) ? anyOf : Array.isArray(oneOf) ? oneOf : null;
  if (several) return schemas(several).map((each) => resolved(each, root));
  if (Array.isArray(schema.type)) return schema.type.map((type) => ({ ...rest, type }));
  return null;
}

/** "max_tokens" -> "Max tokens". */
export function humanised(name: string): string {
  const words = name.replaceAll(/[_-]+/g, ' ').trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

export function labelled(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function choicesOf(schema: JsonSchema): Choice[] | null {
  const names = isObject(schema.labels) ? schema.labels : {};
  const choice = (value: unknown): Choice => ({
    value: value as Choice['value'],
    label: text(names[String(value)]) ?? labelled(value),
  });
  if (Array.isArray(schema.enum)) {
    return schema.enum.every((each) => !isObject(each) && !Array.isArray(each))
      ? schema.enum.map(choice)
      : null;
  }
  const each = schemas(schema.oneOf ?? schema.anyOf);
  return each.length > 1 && each.every((one) => 'const' in one && !isObject(one.const))
    ? each.map((one) => ({
        value: one.const as Choice['value'],
        label: text(one.title) ?? labelled(one.const),
      }))
    : null;
}

/** The name of the property that tells the alternatives apart: each has another constant there. */
function discriminator(schema: JsonSchema, options: JsonSchema[]): string | null {
  const said = isObject(schema.discriminator) ? text(schema.discriminator.propertyName) : null;
  if (said) return said;
  const names = isObject(options[0]?.properties) ? Object.keys(options[0].properties) : [];
  const constant = (option: JsonSchema, name: string) => {
    const property = isObject(option.properties) ? option.properties[name] : undefined;
    return isObject(property) && 'const' in property ? String(property.const) : null;
  };
  return (
    names.find((name) => {
      const values = options.map((option) => constant(option, name));
      return !values.includes(null) && new Set(values).size === values.length;
    }) ?? null
  );
}

function optionLabel(option: JsonSchema, by: string | null): string | null {
  const property = by && isObject(option.properties) ? option.properties[by] : undefined;
  const said = text(option.title);
  const constant = isObject(property) && 'const' in property ? humanised(String(property.const)) : null;
  return said && MODEL.test(said)
    ? (constant ??
        humanised(
          said
            .replaceAll(/(?=[A-Z])/g, ' ')
            .trim()
            .toLowerCase(),
        ))
    : (said ?? constant);
}

function textShape(schema: JsonSchema): Shape {
  const format = text(schema.format);
  const most = typeof schema.maxLength === 'number' ? schema.maxLength : 0;
  if (schema.writeOnly === true || format === 'password')
    return { kind: 'secret', long: most >= LONG_SECRET };
  const long = format === 'textarea' || format === 'multiline' || most >= LONG_TEXT;
  return { kind: 'text', long, format };
}

function objectShape(schema: JsonSchema): Shape {
  const required = new Set(list(schema.required));
  const more = schema.additionalProperties;
  const patterns = isObject(schema.patternProperties) ? Object.values(schema.patternProperties) : [];
  const first = isObject(patterns[0]) ? patterns[0] : null;
  if (schema.format === 'json-schema') return { kind: 'form' };
  if (!isObject(schema.properties) || Object.keys(schema.properties).length === 0) {
    if (isObject(schema.properties) && more === false) return { kind: 'group', properties: [], others: null };
    return { kind: 'dict', values: isObject(more) ? more : (first ?? {}) };
  }
  const properties = Object.entries(schema.properties).map(([name, each]) => ({
    name,
    schema: isObject(each) ? each : {},
    required: required.has(name),
  }));
  // A model that says nothing of other keys ignores them; a form offers no more than what is named.
  return { kind: 'group', properties, others: isObject(more) ? more : more === true ? {} : first };
}

const REFERENCES: Record<string, Reference> = {
  connection: 'connection',
  agent: 'agent',
  channel: 'channel',
  automation: 'automation',
};

function shapeOf(schema: JsonSchema, root: JsonSchema): Shape {
  const format = text(schema.format);
  const reference = format ? REFERENCES[format] : undefined;
  if (reference) return { kind: 'reference', of: reference, purpose: text(schema.purpose) };
  if (format === 'condition') return { kind: 'condition' };
  if ('const' in schema) return { kind: 'constant', value: schema.const };
  const choices = choicesOf(schema);
  if (choices) return { kind: 'choice', choices };
  const several = alternatives(schema, root);
  if (several) return unionShape(schema, several, root);
  switch (schema.type) {
    case 'string':
      return textShape(schema);
    case 'integer':
    case 'number':
      return { kind: 'number', integer: schema.type === 'integer', format };
    case 'boolean':
      return { kind: 'toggle' };
    case 'array':
      return listShape(schema, root);
    case 'object':
      return objectShape(schema);
    default:
      if (isObject(schema.properties)) return objectShape(schema);
      if (isObject(schema.items)) return listShape(schema, root);
      return { kind: 'any' };
  }
}

function listShape(schema: JsonSchema, root: JsonSchema): Shape {
  const items = isObject(schema.items) ? schema.items : {};
  const choices = choicesOf(resolved(items, root));
  return choices && choices.length <= 20 ? { kind: 'choices', choices } : { kind: 'list', items };
}

function unionShape(schema: JsonSchema, several: JsonSchema[], root: JsonSchema): Shape {
  const real = several.filter((each) => !isNull(each));
  const types = real.map((each) => (saysNothing(each) ? undefined : SCALARS[String(each.type)]));
  const plain = types.every((type) => type !== undefined) && real.every((each) => !choicesOf(each));
  if (plain && !real.some((each) => each.writeOnly === true)) {
    const found = types.filter((type) => type !== undefined);
    return {
      kind: 'scalar',
      types: [...new Set<Scalar>(several.length > real.length ? [...found, 'null'] : found)],
    };
  }
  if (real.some(saysNothing)) return { kind: 'any' };
  const by = discriminator(schema, real);
  return {
    kind: 'union',
    by,
    options: real.map((each) => ({
      label: optionLabel(each, by),
      kind: read(each, root).shape.kind,
      schema: each,
    })),
  };
}

/** What a schema asks for. `root` is the schema that `$ref`s point into. */
export function read(schema: JsonSchema, root: JsonSchema): Reading {
  const outer = resolved(schema, root);
  const several = alternatives(outer, root);
  const real = several?.filter((each) => !isNull(each));
  const nullable = several !== null && real !== undefined && real.length < several.length;
  // "this or null" is this; what the property says of itself (its title, its format) stands above.
  const only = real?.length === 1 && (nullable || several?.length === 1) ? real[0] : undefined;
  const { anyOf: _any, oneOf: _one, ...around } = outer;
  if (Array.isArray(outer.type)) delete around.type;
  const inner = only ? { ...only, ...around } : outer;
  return {
    schema: inner,
    shape: shapeOf(inner, root),
    title: text(inner.title),
    description: text(inner.description),
    default: inner.default ?? undefined,
    example: list(inner.examples)[0],
    nullable,
    advanced: inner.advanced === true,
    readOnly: inner.readOnly === true,
  };
}
