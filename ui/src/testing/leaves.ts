/** Everything that a schema may hold, and where: for tests of whether a form lets people reach it. */
import { type JsonSchema, type Reading, read } from '~/forms/schema';
import { placeOf } from '~/forms/values';

export interface Leaf {
  at: string;
  path: (string | number)[];
  kind: Reading['shape']['kind'];
}

export interface Full {
  value: unknown;
  leaves: Leaf[];
  /** The most alternatives of a union in it. */
  variants: number;
}

const DEEPEST = 8;

/** A value with every field of a schema, lists of one, and of each union the alternative number `variant`. */
export function fullOf(root: JsonSchema, variant: number): Full {
  const leaves: Leaf[] = [];
  let variants = 1;

  function visit(schema: JsonSchema, at: string, path: Leaf['path'], depth: number): unknown {
    const { shape } = read(schema, root);
    switch (shape.kind) {
      case 'group':
        return Object.fromEntries(
          shape.properties
            .filter(({ required }) => required || depth < DEEPEST)
            .map(({ name, schema: each }) => [
              name,
              visit(each, placeOf(at, name), [...path, name], depth + 1),
            ]),
        );
      case 'list':
        return [visit(shape.items, placeOf(at, 0), [...path, 0], depth + 1)];
      case 'dict':
        return { key: visit(shape.values, placeOf(at, 'key'), [...path, 'key'], depth + 1) };
      case 'union': {
        variants = Math.max(variants, shape.options.length);
        const option = shape.options[variant % shape.options.length];
        const inside = option ? visit(option.schema, at, path, depth + 1) : undefined;
        // What tells the alternatives apart is chosen in the union's own menu.
        const by = shape.by === null ? null : placeOf(at, shape.by);
        if (by !== null) leaves.splice(0, leaves.length, ...leaves.filter((leaf) => leaf.at !== by));
        return inside;
      }
      default:
        if (schema.hidden !== true) leaves.push({ at, path, kind: shape.kind });
        return plain(shape);
    }
  }
  return { value: visit(root, '', [], 0), leaves, variants };
}

function plain(shape: Reading['shape']): unknown {
  switch (shape.kind) {
    case 'number':
      return 7;
    case 'toggle':
      return true;
    case 'choice':
      return shape.choices[0]?.value;
    case 'choices':
      return shape.choices.slice(0, 1).map(({ value }) => value);
    case 'scalar':
      return shape.types.includes('string') ? 'text' : 7;
    case 'condition':
      return { path: 'trigger.data.a', op: 'equals', value: 'text' };
    case 'form':
      return { type: 'object', properties: { a: { type: 'string' } } };
    case 'constant':
      return shape.value;
    default:
      return 'text';
  }
}

/** The same with another value in one place. */
export function withAt(value: unknown, path: Leaf['path'], next: unknown): unknown {
  const [first, ...rest] = path;
  if (first === undefined) return next;
  if (Array.isArray(value))
    return value.map((each, index) => (index === first ? withAt(each, rest, next) : each));
  const held = value as Record<string, unknown>;
  return { ...held, [first]: withAt(held[first], rest, next) };
}

/** What a screen reader calls an element, or the group that it stands in. */
export function nameOf(element: Element): string {
  const said = element.getAttribute('aria-label');
  const labels =
    element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement ? element.labels : null;
  const by = (
    element.getAttribute('aria-labelledby') ??
    element.closest('[role=group]')?.getAttribute('aria-labelledby') ??
    ''
  )
    .split(' ')
    .map((id) => document.getElementById(id)?.textContent ?? '');
  return [said ?? '', ...Array.from(labels ?? [], (label) => label.textContent ?? ''), ...by]
    .join(' ')
    .trim();
}
