import type { Finding } from '../context';
import { type JsonSchema, SchemaForm } from '../SchemaForm';
import { ScheduleBuilder } from './ScheduleBuilder';
import { WebhookForm } from './WebhookForm';
import { WebhookPanel } from './WebhookPanel';

interface Props {
  /** `trigger_type`; aliases are known too. */
  type: string;
  /** The `config_schema` of the kind. */
  schema: JsonSchema;
  value: Record<string, unknown>;
  onChange: (next: Record<string, unknown>) => void;
  findings?: Finding[];
  /** Where the automation is saved already: its webhook can be shown. */
  automationId?: string;
  /** Changes when the draft was saved, so that what the server knows of it is read again. */
  draft?: unknown;
  readOnly?: boolean;
  /** What was captured or sent, as the sample of `trigger`. */
  onSample?: (sample: TriggerSample) => void;
  /** The data that is the sample now. */
  sampled?: unknown;
  /** Whether it is published and switched on. */
  live?: boolean;
}

export interface TriggerSample {
  data: unknown;
  headers: unknown;
  query: unknown;
}

const NONE: Finding[] = [];

/** What starts an automation: time by presets, a webhook with its address, anything else by its schema. */
export function TriggerForm({
  type,
  schema,
  value,
  onChange,
  findings = NONE,
  automationId,
  draft,
  readOnly = false,
  onSample,
  sampled,
  live,
}: Props) {
  if (type === 'cron' || type === 'schedule') {
    return <ScheduleBuilder value={value} onChange={onChange} findings={findings} readOnly={readOnly} />;
  }
  if (type === 'webhook') {
    return (
      <>
        {automationId && (
          <WebhookPanel
            automationId={automationId}
            draft={draft}
            readOnly={readOnly}
            onSample={onSample}
            sampled={sampled}
            live={live}
          />
        )}
        <WebhookForm
          schema={schema}
          value={value}
          onChange={onChange}
          findings={findings}
          readOnly={readOnly}
        />
      </>
    );
  }
  return (
    <SchemaForm
      key={type}
      schema={schema}
      value={value}
      onChange={onChange}
      findings={findings}
      idPrefix="trigger"
      readOnly={readOnly}
    />
  );
}
