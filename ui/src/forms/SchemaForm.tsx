import { useId, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { type Expressions, type Finding, FormContext, type FormState } from './context';
import { Field } from './Field';
import { faultsOf, type LocalFault } from './faults';
import { Fields } from './fields/GroupControl';
import { type JsonSchema, read } from './schema';

export { blankOf } from './blank';
export type { Suggestion } from './context';
export type { JsonSchema } from './schema';

export interface SchemaFormProps {
  schema: JsonSchema;
  /** Exactly what is stored; expressions are strings with `{{ }}`. */
  value: Record<string, unknown>;
  /** Only changed keys differ; unknown keys survive; undefined keys are left out. */
  onChange: (next: Record<string, unknown>) => void;
  /** `at` is relative to `value`: `url`, `headers[0].name`. */
  findings?: Finding[];
  /** False: plain values only. Else fields can hold `{{ }}`, with completion and a preview from the sample. */
  expressions?: Expressions | false;
  /** Beyond the schema's. */
  required?: string[];
  /** For ids, unique in the page. */
  idPrefix?: string;
  readOnly?: boolean;
  /** Secrets that are stored already, and kept when nothing is typed. */
  kept?: string[];
  /** Say everything that is wrong now; else of each field once it was left. */
  showFaults?: boolean;
}

const NONE: never[] = [];

/** A form for any JSON Schema: the catalogue's actions, triggers, connections and tools need no code here. */
export function SchemaForm({
  schema,
  value,
  onChange,
  findings = NONE,
  expressions = false,
  required = NONE,
  idPrefix,
  readOnly = false,
  kept = NONE,
  showFaults = false,
}: SchemaFormProps) {
  const own = useId().replaceAll(':', '');
  const prefix = idPrefix ?? `form${own}`;
  const say = useSentences();
  const [touched, setTouched] = useState<ReadonlySet<string>>(new Set());
  const faults = useMemo(
    () => (readOnly ? [] : faultsOf(schema, value, { expressions: expressions !== false, kept, required })),
    [schema, value, expressions, kept, required, readOnly],
  );
  const all = useMemo(() => {
    const own = faults
      .filter(({ at }) => showFaults || touched.has(at))
      .map((each) => ({ at: each.at, message: say(each) }));
    const places = new Set(findings.map(({ at }) => at));
    return [...findings, ...own.filter(({ at }) => !places.has(at))];
  }, [faults, findings, touched, showFaults, say]);
  const state = useMemo<FormState>(
    () => ({
      root: schema,
      idPrefix: prefix,
      findings: all,
      expressions: expressions || null,
      readOnly,
      kept,
      touch: (at) => setTouched((before) => (before.has(at) ? before : new Set([...before, at]))),
    }),
    [schema, prefix, all, expressions, readOnly, kept],
  );
  const reading = useMemo(() => read(schema, schema), [schema]);
  const { shape } = reading;
  return (
    <FormContext value={state}>
      {shape.kind === 'group' ? (
        <Fields
          reading={reading}
          shape={shape}
          value={value}
          onChange={(next) => onChange(next as Record<string, unknown>)}
          at=""
          id={prefix}
          label=""
          required
          more={required}
          described={{}}
          disabled={readOnly}
        />
      ) : (
        <Field
          schema={schema}
          name=""
          at=""
          value={value}
          required
          bare
          onChange={(next) => onChange((next ?? {}) as Record<string, unknown>)}
        />
      )}
    </FormContext>
  );
}

/** Says a fault in the reader's language. */
export function useSentences(): (fault: LocalFault) => string {
  const { t } = useTranslation('forms');
  return useMemo(() => (fault: LocalFault) => t(`faults.${fault.key}`, fault.values), [t]);
}
