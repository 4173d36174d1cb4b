import { JsonInput } from '@mantine/core';
import { useState } from 'react';

export type JsonSchema = Record<string, unknown>;

export interface Suggestion {
  path: string;
  label: string;
  example?: unknown;
}

export interface SchemaFormProps {
  schema: JsonSchema;
  value: Record<string, unknown>;
  onChange: (next: Record<string, unknown>) => void;
  findings?: { at: string; message: string; severity?: 'error' | 'warning' }[];
  expressions?: { sample: unknown; paths: Suggestion[] } | false;
  required?: string[];
  idPrefix?: string;
  readOnly?: boolean;
}

/** A stand-in for the form: the value as JSON. */
export function SchemaForm({ value, onChange, findings, idPrefix, readOnly }: SchemaFormProps) {
  const [text, setText] = useState<string | null>(null);
  const shown = JSON.stringify(value, null, 2);
  return (
    <JsonInput
      label={idPrefix ?? 'JSON'}
      autosize
      minRows={6}
      maxRows={24}
      readOnly={readOnly}
      value={text ?? shown}
      error={findings?.map(({ at, message }) => `${at}: ${message}`).join('\n') || null}
      onChange={(next) => {
        setText(next);
        try {
          const read: unknown = JSON.parse(next);
          if (typeof read === 'object' && read !== null && !Array.isArray(read))
            onChange(read as Record<string, unknown>);
        } catch {
          // Not JSON yet.
        }
      }}
      onBlur={() => setText(null)}
    />
  );
}

export function blankOf(_schema: JsonSchema): Record<string, unknown> {
  return {};
}
