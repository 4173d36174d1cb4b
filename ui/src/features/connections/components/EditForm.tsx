import { Alert, Button, Group, Stack, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { fieldErrors, Problem } from '~/api/problem';
import { faultsOf } from '~/forms/faults';
import { SchemaForm } from '~/forms/SchemaForm';
import { isObject, type JsonSchema } from '~/forms/schema';
import { useChangeConnection } from '../mutations';
import type { Connection, ConnectionKind } from '../queries';
import { fieldFindings, otherProblem, UsedBy } from './ConnectionForm';
import { HostsInput } from './HostsInput';

interface Props {
  connection: Connection;
  etag: string | null;
  kind: ConnectionKind;
}

type Values = Record<string, unknown>;
type Patch = Parameters<ReturnType<typeof useChangeConnection>['mutate']>[0];

/** The fields of a kind that are no secrets: those have a form of their own. */
export function withoutSecrets(schema: JsonSchema, secrets: string[]): JsonSchema {
  const properties = isObject(schema.properties) ? schema.properties : {};
  const required = Array.isArray(schema.required) ? schema.required : [];
  return {
    ...schema,
    properties: Object.fromEntries(Object.entries(properties).filter(([name]) => !secrets.includes(name))),
    required: required.filter((name) => !secrets.includes(name)),
  };
}

/** What changed: a field that is gone becomes null, which takes it away. */
export function changes(before: Values, after: Values): Values {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return Object.fromEntries(
    [...names]
      .filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]))
      .map((name) => [name, after[name] ?? null]),
  );
}

/** Name, settings, hosts and who may use it. */
export function EditForm({ connection, etag, kind }: Props) {
  const { t } = useTranslation('connections');
  const before = connection.fields ?? {};
  const [name, setName] = useState(connection.name);
  const [fields, setFields] = useState<Values>(before);
  const [hosts, setHosts] = useState(connection.allowed_hosts ?? []);
  const [usedBy, setUsedBy] = useState(connection.used_by ?? 'editors');
  const [asked, setAsked] = useState(false);
  const save = useChangeConnection(connection.id, etag);
  const schema = withoutSecrets(kind.fields_schema, kind.secrets);
  const places = fieldErrors(save.error);
  const patch: Patch = {
    ...(name.trim() === connection.name ? {} : { name: name.trim() }),
    fields: changes(before, fields) as Patch['fields'],
    ...(hosts.join() === (connection.allowed_hosts ?? []).join() ? {} : { allowed_hosts: hosts }),
    ...(usedBy === connection.used_by ? {} : { used_by: usedBy }),
  };
  const same = Object.keys(patch).length === 1 && Object.keys(patch.fields ?? {}).length === 0;
  const stale = save.error instanceof Problem && save.error.status === 412;
  const said = otherProblem(save.error, ['name', 'allowed_hosts']);
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        setAsked(true);
        if (name.trim() && faultsOf(schema, fields, { expressions: false }).length === 0) save.mutate(patch);
      }}
    >
      <Stack gap="md">
        <TextInput
          label={t('name')}
          withAsterisk
          maxLength={200}
          autoComplete="off"
          value={name}
          error={places.name ?? (asked && !name.trim() ? t('nameMissing') : undefined)}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <SchemaForm
          schema={schema}
          value={fields}
          onChange={setFields}
          findings={fieldFindings(save.error)}
          showFaults={asked}
          idPrefix="edit"
        />
        <HostsInput
          value={hosts}
          onChange={setHosts}
          usual={kind.default_hosts}
          error={Object.entries(places).find(([at]) => at.startsWith('allowed_hosts'))?.[1]}
        />
        <UsedBy value={usedBy} onChange={setUsedBy} />
        {said && (
          <Alert color="red" variant="light" role="alert" title={stale ? t('staleTitle') : undefined}>
            {said}
          </Alert>
        )}
        <Group>
          <Button type="submit" disabled={same} loading={save.isPending}>
            {t('saveChanges')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
