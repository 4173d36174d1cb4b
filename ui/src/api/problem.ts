import { said as say } from '~/i18n/failures';

/** One thing that is wrong with the input; `at` is a path such as `actions[1].config.url`. */
export interface Fault {
  at: string;
  message: string;
}

/** What the API answered instead of the wanted (RFC 9457), or that it could not be reached (status 0). */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly status: number;
  readonly code: string;
  /** The API's own sentence, in English; `message` is in the page's language where the code tells enough. */
  readonly detail: string;
  readonly errors: Fault[];
  readonly requestId: string | null;
  /** Seconds after which to try again, where the API says so. */
  readonly retryAfter: number | null;

  constructor(status: number, code: string, detail: string, more: Partial<Problem> = {}) {
    super(say(code, detail));
    this.detail = detail;
    this.status = status;
    this.code = code;
    this.errors = more.errors ?? [];
    this.requestId = more.requestId ?? null;
    this.retryAfter = more.retryAfter ?? null;
  }

  /** The answer may be another one in a moment. */
  get passing(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 502;
  }
}

export function problemOf(response: Response, body: unknown): Problem {
  const said = (typeof body === 'object' && body !== null ? body : {}) as Record<string, unknown>;
  const text = (name: string, other: string) =>
    typeof said[name] === 'string' ? (said[name] as string) : other;
  const after = Number(response.headers.get('Retry-After'));
  return new Problem(
    response.status,
    text('code', 'unknown'),
    text('detail', response.statusText || 'Error'),
    {
      errors: Array.isArray(said.errors) ? (said.errors as Fault[]) : [],
      requestId: response.headers.get('X-Request-Id'),
      retryAfter: after > 0 ? after : null,
    },
  );
}

/** The messages of a problem by the field of the form that they belong to. */
export function fieldErrors(error: unknown): Record<string, string> {
  if (!(error instanceof Problem)) return {};
  return Object.fromEntries(error.errors.map(({ at, message }) => [at, message]));
}
