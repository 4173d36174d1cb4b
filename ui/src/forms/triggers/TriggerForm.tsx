import { type JsonSchema, SchemaForm, type SchemaFormProps } from '../SchemaForm';

interface Props {
  type: string;
  schema: JsonSchema;
  value: Record<string, unknown>;
  onChange: (next: Record<string, unknown>) => void;
  findings?: SchemaFormProps['findings'];
  automationId?: string;
  draft?: unknown;
}

/** A stand-in for the form of a trigger. */
export function TriggerForm({ type, schema, value, onChange, findings }: Props) {
  return (
    <SchemaForm
      schema={schema}
      value={value}
      onChange={onChange}
      findings={findings}
      idPrefix={`trigger-${type}`}
    />
  );
}
