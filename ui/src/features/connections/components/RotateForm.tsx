import { Alert, Button, Group, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { SchemaForm } from '~/forms/SchemaForm';
import { isObject, type JsonSchema } from '~/forms/schema';
import { useRotate } from '../mutations';
import type { Connection, ConnectionKind } from '../queries';

type Values = Record<string, unknown>;
type Secrets = Parameters<ReturnType<typeof useRotate>['mutate']>[0];

/** The secret fields of a kind alone; none of them has to be given. */
function secretsOnly(schema: JsonSchema, secrets: string[]): JsonSchema {
  const properties = isObject(schema.properties) ? schema.properties : {};
  return {
    ...schema,
    properties: Object.fromEntries(Object.entries(properties).filter(([name]) => secrets.includes(name))),
    required: [],
  };
}

/** New values of the secrets; what is left empty stays as it is. */
export function RotateForm({ connection, kind }: { connection: Connection; kind: ConnectionKind }) {
  const { t } = useTranslation('connections');
  const [secrets, setSecrets] = useState<Values>({});
  const rotate = useRotate(connection.id);
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (Object.keys(secrets).length > 0) rotate.mutate(secrets as Secrets);
      }}
    >
      <Stack gap="md">
        <Text fz="sm" c="dimmed">
          {t('secretsText')}
        </Text>
        <SchemaForm
          schema={secretsOnly(kind.fields_schema, kind.secrets)}
          value={secrets}
          onChange={setSecrets}
          kept={connection.secrets ?? []}
          idPrefix="secrets"
        />
        {rotate.error && (
          <Alert color="red" variant="light" role="alert">
            {rotate.error.message}
          </Alert>
        )}
        <Group>
          <Button
            type="submit"
            variant="default"
            disabled={Object.keys(secrets).length === 0}
            loading={rotate.isPending}
          >
            {t('rotate')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
