/** What is read of a JSON Schema by the plain forms of connections and tools. */
export interface Field {
  name: string;
  kind:
    | 'text'
    | 'long'
    | 'secret'
    | 'number'
    | 'truth'
    | 'choice'
    | 'choices'
    | 'texts'
    | 'pairs'
    | 'connection';
  title: string;
  description?: string;
  required: boolean;
  example?: string;
  preset?: unknown;
  /** Of choices: their values. */
  options?: string[];
  /** Of a connection: what it is for. */
  purpose?: string;
  /** Of texts: whose names they are. */
  format?: string;
}

type Schema = Record<string, unknown>;
const LONG = 500;

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A schema without the null that makes it optional. */
function withoutNull(schema: Schema): Schema {
  const { anyOf, ...rest } = schema;
  if (!Array.isArray(anyOf)) return schema;
  const some = anyOf.filter(isSchema).filter((each) => each.type !== 'null');
  return some.length === 1 ? { ...some[0], ...rest } : schema;
}

function kindOf(schema: Schema): Field['kind'] {
  const items = isSchema(schema.items) ? schema.items : {};
  if (schema.format === 'connection') return 'connection';
  if (schema.writeOnly || schema.format === 'password') return 'secret';
  if (Array.isArray(schema.enum)) return 'choice';
  if (schema.type === 'boolean') return 'truth';
  if (schema.type === 'integer' || schema.type === 'number') return 'number';
  if (schema.type === 'array') return Array.isArray(items.enum) ? 'choices' : 'texts';
  if (schema.type === 'object') return 'pairs';
  return Number(schema.maxLength) > LONG && !schema.format && !schema.examples && !schema.default
    ? 'long'
    : 'text';
}

const text = (value: unknown) => (typeof value === 'string' && value ? value : undefined);

/** The fields of an object's schema, in its order. */
export function fieldsOf(schema: unknown): Field[] {
  if (!isSchema(schema) || !isSchema(schema.properties)) return [];
  const required = Array.isArray(schema.required) ? schema.required : [];
  return Object.entries(schema.properties).map(([name, property]) => {
    const own = withoutNull(isSchema(property) ? property : {});
    const items = isSchema(own.items) ? own.items : {};
    const examples = Array.isArray(own.examples) ? own.examples : [];
    const options = Array.isArray(own.enum) ? own.enum : Array.isArray(items.enum) ? items.enum : undefined;
    return {
      name,
      kind: kindOf(own),
      title: text(own.title) ?? name,
      description: text(own.description),
      required: required.includes(name),
      example: text(examples[0]),
      preset: own.default ?? undefined,
      options: options?.map(String),
      purpose: text(own.purpose),
      format: text(own.format) ?? text(items.format),
    };
  });
}

/** `Name: value` lines, as pairs are typed. */
export function pairsOf(typed: string): Record<string, string> {
  const lines = typed.split('\n').filter((line) => line.includes(':'));
  return Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).trim(), line.slice(colon + 1).trim()];
    }),
  );
}

export function linesOf(pairs: unknown): string {
  return isSchema(pairs)
    ? Object.entries(pairs)
        .map(([name, value]) => `${name}: ${String(value)}`)
        .join('\n')
    : '';
}
