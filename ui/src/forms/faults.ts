import { Validator } from '@cfworker/json-schema';
import { isObject, type JsonSchema, type Option, type Reading, read } from './schema';
import { isEmpty, isTemplate, placeOf } from './values';

/** One thing that is wrong; `key` names the sentence in the catalogue (`faults.<key>`). */
export interface LocalFault {
  at: string;
  key: FaultKey;
  values: Record<string, string | number>;
}

export type FaultKey =
  | 'missing'
  | 'type'
  | 'number'
  | 'integer'
  | 'minLength'
  | 'maxLength'
  | 'minimum'
  | 'maximum'
  | 'above'
  | 'below'
  | 'step'
  | 'pattern'
  | 'choice'
  | 'minItems'
  | 'maxItems'
  | 'unique'
  | 'email'
  | 'url'
  | 'moment'
  | 'uuid'
  | 'format'
  | 'form'
  | 'invalid';

interface Rules {
  /** Text with `{{ }}` stands for any value. */
  expressions: boolean;
  /** Names at the top that may be missing: secrets that are kept. */
  kept?: readonly string[];
  /** Names at the top that must be there beyond the schema's. */
  required?: readonly string[];
}

const FORMATS: Record<string, FaultKey> = {
  email: 'email',
  uri: 'url',
  url: 'url',
  'uri-reference': 'url',
  'date-time': 'moment',
  date: 'moment',
  time: 'moment',
  uuid: 'uuid',
};
const DEEPEST = 30;

/** What is wrong with a value, by what its schema says. The server has the last word: it knows more. */
export function faultsOf(schema: JsonSchema, value: unknown, rules: Rules): LocalFault[] {
  const found: LocalFault[] = [];
  visit(schema, value, '', 0);
  return found;

  function visit(inner: JsonSchema, here: unknown, at: string, depth: number): void {
    if (depth > DEEPEST || (rules.expressions && isTemplate(here))) return;
    const reading = read(inner, schema);
    if (here === null && reading.nullable) return;
    const { shape } = reading;
    const deeper = (each: JsonSchema, part: string | number, next: unknown) =>
      visit(each, next, placeOf(at, part), depth + 1);
    switch (shape.kind) {
      case 'group': {
        if (!isObject(here)) {
          add(at, 'type');
          return;
        }
        for (const property of shape.properties) {
          const each = here[property.name];
          const needed = property.required || (depth === 0 && rules.required?.includes(property.name));
          const kept = depth === 0 && rules.kept?.includes(property.name);
          if (each === undefined) {
            if (needed && !kept) add(placeOf(at, property.name), 'missing');
          } else if (needed && !kept && isBlank(each, read(property.schema, schema))) {
            add(placeOf(at, property.name), 'missing');
          } else deeper(property.schema, property.name, each);
        }
        const named = new Set(shape.properties.map(({ name }) => name));
        for (const [name, each] of Object.entries(here)) {
          if (!named.has(name) && shape.others) deeper(shape.others, name, each);
        }
        return;
      }
      case 'dict':
        if (!isObject(here)) {
          add(at, 'type');
          return;
        }
        for (const [name, each] of Object.entries(here)) deeper(shape.values, name, each);
        return;
      case 'list':
        // A single value where a list is wanted is a list of one: the API takes it so.
        if (!Array.isArray(here)) {
          visit(shape.items, here, at, depth + 1);
          return;
        }
        judge(reading, here, at, ['minItems', 'maxItems', 'uniqueItems']);
        here.forEach((each, index) => {
          deeper(shape.items, index, each);
        });
        return;
      case 'union': {
        const option = shape.options[optionOf(shape.options, shape.by, here, schema)];
        if (option) visit(option.schema, here, at, depth + 1);
        return;
      }
      case 'form':
        if (!isObject(here)) add(at, 'form');
        return;
      case 'any':
      case 'condition':
        return;
      default:
        judge(reading, here, at);
    }
  }

  function judge(reading: Reading, here: unknown, at: string, only?: string[]): void {
    const { properties: _p, items: _i, $defs: _d, ...flat } = reading.schema;
    let errors: { keyword: string; error: string }[];
    try {
      errors = new Validator(flat, '2020-12', false).validate(here).errors;
    } catch {
      return; // a pattern that is none here: the server reads patterns in its own way
    }
    const first = errors.find(({ keyword }) => keyword !== 'anyOf' && (!only || only.includes(keyword)));
    if (!first) {
      if (errors.length > 0 && !only) add(at, 'invalid');
      return;
    }
    add(at, ...sentenceOf(first.keyword, reading.schema));
  }

  function add(at: string, key: FaultKey, values: LocalFault['values'] = {}): void {
    found.push({ at, key, values });
  }
}

function isBlank(value: unknown, reading: Reading): boolean {
  const least = typeof reading.schema.minLength === 'number' ? reading.schema.minLength : 0;
  return value === '' && least > 0;
}

function limit(schema: JsonSchema, word: string): { count: number } {
  const value = schema[word];
  return { count: typeof value === 'number' ? value : 0 };
}

function sentenceOf(keyword: string, schema: JsonSchema): [FaultKey, LocalFault['values']?] {
  switch (keyword) {
    case 'type':
      return [schema.type === 'number' ? 'number' : schema.type === 'integer' ? 'integer' : 'type'];
    case 'minLength':
      return limit(schema, 'minLength').count === 1 ? ['missing'] : ['minLength', limit(schema, 'minLength')];
    case 'maxLength':
    case 'minItems':
    case 'maxItems':
    case 'minimum':
    case 'maximum':
      return [keyword, limit(schema, keyword)];
    case 'exclusiveMinimum':
      return ['above', limit(schema, keyword)];
    case 'exclusiveMaximum':
      return ['below', limit(schema, keyword)];
    case 'multipleOf':
      return ['step', limit(schema, keyword)];
    case 'uniqueItems':
      return ['unique'];
    case 'pattern':
      return ['pattern'];
    case 'enum':
    case 'const':
      return ['choice'];
    case 'format':
      return [FORMATS[String(schema.format)] ?? 'format'];
    default:
      return ['invalid'];
  }
}

/** Which alternative a value is of: by its discriminator, else the one with the fewest faults. */
export function optionOf(options: Option[], by: string | null, value: unknown, root: JsonSchema): number {
  if (isEmpty(value)) return 0;
  if (by && isObject(value)) {
    const found = options.findIndex(({ schema }) => {
      const property = isObject(schema.properties) ? schema.properties[by] : undefined;
      if (!isObject(property)) return false;
      return (
        property.const === value[by] || (Array.isArray(property.enum) && property.enum.includes(value[by]))
      );
    });
    if (found >= 0) return found;
  }
  let best = 0;
  let fewest = Number.POSITIVE_INFINITY;
  options.forEach(({ schema }, index) => {
    const { $defs: _own, ...bare } = schema;
    const faults = faultsOf({ ...bare, $defs: root.$defs ?? {} }, value, { expressions: true });
    const count = faults.length + (fits(schema, value) ? 0 : 100) + unknownKeys(schema, value);
    if (count < fewest) [best, fewest] = [index, count];
  });
  return best;
}

function fits(schema: JsonSchema, value: unknown): boolean {
  switch (schema.type) {
    case 'string':
      return typeof value === 'string';
    case 'integer':
    case 'number':
      return typeof value === 'number';
    case 'boolean':
      return typeof value === 'boolean';
    case 'array':
      return Array.isArray(value);
    case 'object':
      return isObject(value);
    default:
      return true;
  }
}

function unknownKeys(schema: JsonSchema, value: unknown): number {
  if (!isObject(value) || !isObject(schema.properties)) return 0;
  const { properties } = schema;
  return Object.keys(value).filter((key) => !(key in properties)).length;
}
