import type { Json } from '~/design/treeRows';
import type { StepRun } from './queries';

/** What a failed step asked of the outside world and was answered, where its input and output tell. */
export interface Failure {
  request: string | null;
  status: number | null;
  response: Json | undefined;
  /** What was sent, by the name of its field. */
  sent: { name: string; value: Json } | null;
  /** The field that the error names, and what stood there. */
  field: { path: string; value: string } | null;
}

const isObject = (value: unknown): value is { [name: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A field that an error names, as `config.url`, `json.items[2].id` or after "at". */
const FIELD =
  /(?:^|[\s`“"(])((?:config|input|json|form|query|headers|body|values|url|text|to)(?:[.[][\w.[\]"-]*)?)(?=[\s`”":,.)]|$)/;
const ANSWERED = /\b([45]\d\d)\b/;

const SHOWN = 300;

const text = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value)).slice(0, SHOWN);

/** Every leaf below a value with its path, such as `json.items[2].id`. */
function leaves(value: Json | undefined, at: string): { path: string; name: string; value: Json }[] {
  if (Array.isArray(value)) return value.flatMap((each, index) => leaves(each, `${at}[${index}]`));
  if (isObject(value))
    return Object.entries(value).flatMap(([name, each]) =>
      isObject(each) || Array.isArray(each)
        ? leaves(each, `${at}.${name}`)
        : [{ path: `${at}.${name}`, name, value: each }],
    );
  return [];
}

/** The field of a step's configuration that holds the template which an error begins with. */
function templateField(error: string, config: Json | undefined): Failure['field'] {
  const template = error.match(/^\{\{.*?\}\}/)?.[0];
  const found =
    template &&
    leaves(config, 'config').find(({ value }) => typeof value === 'string' && value.includes(template));
  return found ? { path: found.path, value: text(found.value) } : null;
}

/** The field of what was sent that an answer names: `total` in `{"error": "total must be a number"}`. */
function answeredField(error: string, sent: Failure['sent']): Failure['field'] {
  if (!sent) return null;
  const words = new Set(error.match(/[\w-]{3,}/g));
  const found = leaves(sent.value, sent.name).find(({ name }) => words.has(name));
  return found ? { path: found.path, value: text(found.value) } : null;
}

/** `config` is the step's, as the run's version has it: templates not filled in. */
export function failureOf(step: Pick<StepRun, 'input' | 'output' | 'error'>, config?: Json): Failure {
  const input = isObject(step.input) ? step.input : {};
  const output = isObject(step.output) ? step.output : {};
  const method = typeof input.method === 'string' ? input.method : null;
  const url = typeof input.url === 'string' ? input.url : null;
  const said = step.error?.match(ANSWERED)?.[1];
  const status = typeof output.status === 'number' ? output.status : said && url ? Number(said) : null;
  const error = step.error ?? '';
  const body = ['json', 'form', 'text'].find((name) => input[name] !== undefined && input[name] !== null);
  const sent = url && body ? { name: body, value: input[body] as Json } : null;
  const named = error.match(FIELD)?.[1];
  return {
    request: url ? `${method ?? 'GET'} ${url}` : null,
    status,
    response: output.body ?? undefined,
    sent,
    field:
      templateField(error, config) ??
      (said || status !== null ? answeredField(error, sent) : null) ??
      (named ? { path: named, value: '' } : null),
  };
}

/** The configuration of a step, wherever it stands in a definition's `actions`. */
export function configIn(actions: unknown, step: string): Json | undefined {
  if (!Array.isArray(actions)) return undefined;
  for (const action of actions) {
    if (!isObject(action)) continue;
    if (action.id === step) return action.config;
    const inner = isObject(action.config) ? configIn(action.config.steps, step) : undefined;
    if (inner !== undefined) return inner;
  }
  return undefined;
}
