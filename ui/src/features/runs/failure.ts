import type { Json } from '~/design/treeRows';
import type { StepRun } from './queries';

/** What a failed step asked of the outside world and was answered, where its input and output tell. */
export interface Failure {
  request: string | null;
  status: number | null;
  response: Json | undefined;
  /** The field of the input that the error names. */
  field: string | null;
}

const isObject = (value: unknown): value is { [name: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A field that an error names, as `config.url`, `json.items[2].id` or after "at". */
const FIELD =
  /(?:^|[\s`“"(])((?:config|input|json|form|query|headers|body|values|url|text|to)(?:[.[][\w.[\]"-]*)?)(?=[\s`”":,.)]|$)/;
const ANSWERED = /\b([45]\d\d)\b/;

export function failureOf(step: Pick<StepRun, 'input' | 'output' | 'error'>): Failure {
  const input = isObject(step.input) ? step.input : {};
  const output = isObject(step.output) ? step.output : {};
  const method = typeof input.method === 'string' ? input.method : null;
  const url = typeof input.url === 'string' ? input.url : null;
  const said = step.error?.match(ANSWERED)?.[1];
  const status = typeof output.status === 'number' ? output.status : said && url ? Number(said) : null;
  return {
    request: url ? `${method ?? 'GET'} ${url}` : null,
    status,
    response: output.body ?? undefined,
    field: step.error?.match(FIELD)?.[1] ?? null,
  };
}
