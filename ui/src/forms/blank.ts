import { type JsonSchema, read } from './schema';

/** What a new value is at first: constants and empty required parts; what the server fills in itself is left out. */
export function blankOf(schema: JsonSchema, root: JsonSchema = schema): Record<string, unknown> {
  const found = blank(schema, root, 0);
  return typeof found === 'object' && found !== null && !Array.isArray(found) ? { ...found } : {};
}

/** Of an item of a list; undefined where there is nothing to begin with. */
export function blank(schema: JsonSchema, root: JsonSchema, depth: number): unknown {
  if (depth > 5) return undefined;
  const { shape } = read(schema, root);
  switch (shape.kind) {
    case 'constant':
      return shape.value;
    case 'group':
      return Object.fromEntries(
        shape.properties
          .filter(({ required }) => required)
          .map(({ name, schema: each }) => [name, blank(each, root, depth + 1)])
          .filter(([, value]) => value !== undefined),
      );
    case 'union': {
      const first = shape.options[0];
      return first ? blank(first.schema, root, depth + 1) : undefined;
    }
    default:
      return undefined;
  }
}

/** Of a new item in a list, which has to be something: text by default. */
export function blankItem(schema: JsonSchema, root: JsonSchema): unknown {
  const found = blank(schema, root, 0);
  if (found !== undefined) return found;
  switch (read(schema, root).shape.kind) {
    case 'group':
    case 'dict':
    case 'condition':
    case 'form':
      return {};
    case 'list':
    case 'choices':
      return [];
    case 'number':
    case 'toggle':
    case 'choice':
      return null;
    default:
      return '';
  }
}
