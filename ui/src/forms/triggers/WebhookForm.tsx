import { Select, Stack } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { Finding } from '../context';
import { SchemaForm } from '../SchemaForm';
import { isObject, type JsonSchema } from '../schema';
import { withKey } from '../values';

interface Props {
  schema: JsonSchema;
  value: Record<string, unknown>;
  onChange: (next: Record<string, unknown>) => void;
  findings: Finding[];
  readOnly: boolean;
}

const WAYS = ['secret', 'standard', 'github', 'slack', 'stripe'] as const;
type Way = (typeof WAYS)[number];

function wayOf(value: Record<string, unknown>): Way {
  return WAYS.find((way) => value.auth === 'hmac' && way === value.style) ?? 'secret';
}

/** How senders prove themselves, as one choice instead of two that have to fit; the rest by the schema. */
export function WebhookForm({ schema, value, onChange, findings, readOnly }: Props) {
  const { t } = useTranslation('forms');
  const way = wayOf(value);
  const choose = (next: Way) =>
    onChange(
      next === 'secret'
        ? withKey(withKey(value, 'style', undefined), 'auth', value.auth === undefined ? undefined : 'secret')
        : { ...value, auth: 'hmac', style: next },
    );
  const wrong = findings.find(({ at }) => at === '' || at === 'auth' || at === 'style');
  return (
    <Stack gap="sm">
      <Select
        label={t('webhook.way')}
        description={t(`webhook.wayHelp.${way}`)}
        allowDeselect={false}
        disabled={readOnly}
        error={wrong?.message}
        data={WAYS.map((each) => ({ value: each, label: t(`webhook.ways.${each}`) }))}
        value={way}
        onChange={(next) => next && next !== way && choose(next as Way)}
      />
      <SchemaForm
        schema={withoutAuth(schema, value.response === 'wait')}
        value={value}
        onChange={onChange}
        findings={findings}
        idPrefix="trigger"
        readOnly={readOnly}
      />
    </Stack>
  );
}

/** The schema without what the choice above says, and without the time of a wait that is none. */
function withoutAuth(schema: JsonSchema, waits: boolean): JsonSchema {
  const properties = isObject(schema.properties) ? schema.properties : {};
  const hidden = waits ? ['auth', 'style'] : ['auth', 'style', 'wait_s'];
  return {
    ...schema,
    properties: Object.fromEntries(
      Object.entries(properties).map(([name, each]) =>
        hidden.includes(name) && isObject(each) ? [name, { ...each, hidden: true }] : [name, each],
      ),
    ),
  };
}
