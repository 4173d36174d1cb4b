/** What a step's templates may name, with examples from the sample: for completion in its form. Pure. */

import type { Suggestion } from '~/forms/SchemaForm';
import { bodiesOf } from '../document/bodies';
import type { Definition } from '../document/definition';
import type { Action, Kinds } from '../document/kinds';
import { needOf, upstream } from '../document/needs';
import { own } from '../document/own';
import type { Samples } from './samples';

const DEEPEST = 4;
const MOST = 300;

/** The context that the step's templates see, as far as the sample tells. */
export function contextOf(definition: Definition, id: string, samples: Samples, kinds: Kinds) {
  const before = readable(definition, id, kinds);
  const steps = Object.fromEntries(
    [...before].map((each) => [each, { output: own(samples.outputs, each), status: 'success' }]),
  );
  const { body, step } = standing(definition, id, kinds);
  const last = step?.needs
    .map((need) => needOf(need).id)
    .find((each) => Object.hasOwn(samples.outputs, each));
  const loop = body?.holder ? own(samples.outputs, body.holder.id) : undefined;
  const item = Array.isArray(loop) ? loop[0] : undefined;
  return {
    trigger: {
      data: samples.data,
      headers: samples.headers,
      query: samples.query,
      type: definition.trigger_type,
    },
    previous: {
      output: last === undefined ? (body?.holder ? item : samples.data) : own(samples.outputs, last),
    },
    steps,
    ...(body?.holder ? { item, index: 0 } : {}),
    automation: { name: definition.name },
    run: { id: samples.run ?? undefined, url: undefined },
    now: undefined,
  };
}

/** The part of a context that the sample has. */
export function knownOf(context: ReturnType<typeof contextOf>): Record<string, unknown> {
  const { trigger, previous, steps, item, automation } = context;
  const { data, headers, query } = trigger;
  const of = (step: { output: unknown }) => step.output !== undefined;
  return told({
    trigger: told({ data, headers: some(headers), query: some(query) }),
    steps: some(Object.fromEntries(Object.entries(steps).filter(([, step]) => of(step)))),
    item,
    previous: of(previous) ? previous : undefined,
    automation,
  });
}

const some = (value: object) => (Object.keys(value).length > 0 ? value : undefined);

const told = (value: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined));

function standing(definition: Definition, id: string, kinds: Kinds) {
  const body = bodiesOf(definition, kinds).find(({ steps }) => steps.some((each) => each.id === id));
  return { body, step: body?.steps.find((each) => each.id === id) };
}

/** The steps before it, and those before the loops that it stands in. */
export function readable(definition: Definition, id: string, kinds: Kinds): Set<string> {
  const bodies = bodiesOf(definition, kinds);
  const found = new Set<string>();
  for (let here: string | null = id; here !== null; ) {
    const name: string = here;
    const body = bodies.find(({ steps }) => steps.some((each) => each.id === name));
    if (!body) break;
    for (const each of upstream(body.steps, name)) found.add(each);
    here = body.holder?.id ?? null;
  }
  return found;
}

export function suggestionsOf(
  definition: Definition,
  id: string,
  samples: Samples,
  actions: ReadonlyMap<string, Action>,
): Suggestion[] {
  const context = contextOf(definition, id, samples, actions);
  const found: Suggestion[] = [];
  const { trigger, previous, steps, ...others } = context;
  paths('trigger.data', trigger.data, found, 0);
  for (const [name, { output }] of Object.entries(steps)) {
    const type = typeOf(definition, name, actions);
    if (output === undefined) ofSchema(`steps.${name}.output`, actions.get(type ?? '')?.output_schema, found);
    else paths(`steps.${name}.output`, output, found, 0);
  }
  paths('previous.output', previous.output, found, 0);
  for (const [name, value] of Object.entries(others)) {
    if (name === 'item' || name === 'index' || name === 'now') paths(name, value, found, 0);
    else if (typeof value === 'object' && value !== null)
      for (const [key, each] of Object.entries(value)) paths(`${name}.${key}`, each, found, 0);
  }
  paths('trigger.headers', trigger.headers, found, DEEPEST - 1);
  paths('trigger.query', trigger.query, found, DEEPEST - 1);
  return found.slice(0, MOST);
}

function typeOf(definition: Definition, id: string, kinds: Kinds): string | undefined {
  for (const { steps } of bodiesOf(definition, kinds))
    for (const step of steps) if (step.id === id) return step.type;
  return undefined;
}

function paths(path: string, value: unknown, found: Suggestion[], deep: number): void {
  found.push({ path, label: '', ...(value === undefined ? {} : { example: value }) });
  if (deep >= DEEPEST || typeof value !== 'object' || value === null || found.length >= MOST) return;
  const entries = Array.isArray(value) ? Object.entries(value.slice(0, 1)) : Object.entries(value);
  for (const [key, each] of entries) {
    const plain = /^[A-Za-z_]\w*$/.test(key);
    paths(
      plain ? `${path}.${key}` : `${path}[${Array.isArray(value) ? key : `'${key}'`}]`,
      each,
      found,
      deep + 1,
    );
  }
}

function ofSchema(path: string, schema: unknown, found: Suggestion[]): void {
  found.push({ path, label: '' });
  if (typeof schema !== 'object' || schema === null || !('properties' in schema)) return;
  for (const [key, field] of Object.entries(schema.properties as Record<string, unknown>)) {
    const said =
      typeof field === 'object' && field !== null && 'description' in field ? field.description : '';
    found.push({ path: `${path}.${key}`, label: typeof said === 'string' ? said : '' });
  }
}
