import { Alert, Button, Drawer, Group, Select, Stack, Text, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { answer, api, onceKey } from '~/api/client';
import { Problem } from '~/api/problem';
import type { components } from '~/api/schema';
import { done } from '~/design/toast';
import { catalogQuery } from '~/features/catalog/queries';
import { connectionKeys } from '~/features/connections/queries';
import { SchemaForm } from '~/forms/SchemaForm';

type Connection = components['schemas']['ConnectionView'];
type Kind = components['schemas']['ConnectionKindView'];

interface Props {
  opened: boolean;
  onClose: () => void;
  title: string;
  /** The kinds that will do. */
  kinds: string[];
  onSaved: (connection: Connection) => void;
}

/** A new connection where one is missing, without leaving what one does. */
export function ConnectionDrawer({ opened, onClose, title, kinds, onSaved }: Props) {
  return (
    <Drawer opened={opened} onClose={onClose} title={title} position="right" size="md">
      <ConnectionForm
        kinds={kinds}
        onSaved={(connection) => {
          onClose();
          onSaved(connection);
        }}
      />
    </Drawer>
  );
}

const FIRST = ['openai', 'anthropic'];

/** Saves the account and really asks the service; what it says stands in the form. */
export function ConnectionForm({ kinds, onSaved }: { kinds: string[]; onSaved: (made: Connection) => void }) {
  const { t } = useTranslation('agents');
  const offered = (useQuery(catalogQuery()).data?.connections ?? [])
    .filter(({ name }) => kinds.includes(name))
    .toSorted((a, b) => Number(FIRST.includes(b.name)) - Number(FIRST.includes(a.name)));
  const [chosen, setChosen] = useState<string | null>(null);
  const preferred = offered.find(({ name }) => name === 'openai') ?? offered[0];
  const kind = offered.find(({ name }) => name === chosen) ?? preferred;
  if (!kind) return <Text fz="sm">{t('connect.none')}</Text>;
  return (
    <Stack>
      {offered.length > 1 && (
        <Select
          label={t('connect.kind')}
          data={offered.map((each) => ({ value: each.name, label: each.title }))}
          value={kind.name}
          onChange={setChosen}
          allowDeselect={false}
        />
      )}
      <KindForm key={kind.name} kind={kind} onSaved={onSaved} />
    </Stack>
  );
}

function KindForm({ kind, onSaved }: { kind: Kind; onSaved: (made: Connection) => void }) {
  const { t } = useTranslation('agents');
  const client = useQueryClient();
  const [name, setName] = useState(kind.title);
  const [fields, setFields] = useState<Record<string, unknown>>({});
  const [hosts, setHosts] = useState('');
  const save = useMutation({
    mutationFn: async () => {
      const allowed = hosts.split(/[\s,]+/).filter(Boolean);
      const made = await answer(
        api.POST('/api/connections', {
          body: { name, kind: kind.name, fields, allowed_hosts: allowed, used_by: 'editors' },
          headers: onceKey(),
        }),
      );
      const path = { connection_id: made.id };
      const tested = await answer(api.POST('/api/connections/{connection_id}/test', { params: { path } }));
      if (!tested.ok) {
        await answer(api.DELETE('/api/connections/{connection_id}', { params: { path } }));
        throw new Problem(0, tested.code ?? 'refused', tested.message);
      }
      return { made, model: await withModel(kind, made, fields) };
    },
    onSuccess: ({ made, model }) => {
      void client.invalidateQueries({ queryKey: connectionKeys.all });
      void client.invalidateQueries({ queryKey: ['agents'] });
      void client.invalidateQueries({ queryKey: ['templates'] });
      done(
        model ? t('connect.savedModel', { name: made.name, model }) : t('connect.saved', { name: made.name }),
      );
      onSaved(made);
    },
  });
  const faults = save.error instanceof Problem ? save.error.errors : [];
  const findings = faults.map(({ at, message }) => ({ at: at.replace(/^(?:body\.)?fields\./, ''), message }));
  const elsewhere = save.error && (faults.length === 0 || findings.some(({ at }) => !(at in asked(kind))));
  const wantsHosts = kind.default_hosts.length === 0 && !('base_url' in asked(kind));
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate();
      }}
      noValidate
    >
      <Stack gap="sm">
        <Text fz="sm" c="dimmed">
          {kind.description}
        </Text>
        <TextInput
          label={t('connect.name')}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          error={findings.find(({ at }) => at === 'name')?.message}
        />
        <SchemaForm schema={kind.fields_schema} value={fields} onChange={setFields} findings={findings} />
        {wantsHosts && (
          <TextInput
            label={t('connect.hosts')}
            description={t('connect.hostsHint')}
            value={hosts}
            onChange={(event) => setHosts(event.currentTarget.value)}
          />
        )}
        {elsewhere && (
          <Alert color="red" variant="light" py="xs" role="alert">
            {faults.length > 0 ? faults.map(({ message }) => message).join(' ') : save.error?.message}
          </Alert>
        )}
        <Group justify="flex-end">
          <Button type="submit" loading={save.isPending}>
            {t('connect.save')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

/** A provider needs a default model before agents can answer: where none was typed, it takes one that is offered. */
async function withModel(
  kind: Kind,
  made: Connection,
  fields: Record<string, unknown>,
): Promise<string | null> {
  if (kind.purpose !== 'model' || fields.default_model || !('default_model' in asked(kind))) return null;
  const { examples } = asked(kind).default_model as { examples?: unknown[] };
  const path = { connection_id: made.id };
  try {
    const offered = await answer(api.GET('/api/connections/{connection_id}/models', { params: { path } }));
    const model = offered.items.find(({ name }) => name === examples?.[0])?.name ?? offered.items[0]?.name;
    if (!model) return null;
    const body = { fields: { default_model: model } };
    await answer(api.PATCH('/api/connections/{connection_id}', { params: { path }, body }));
    return model;
  } catch {
    return null; // it is saved and works; a model can be chosen for each agent
  }
}

function asked(kind: Kind): Record<string, unknown> {
  return (kind.fields_schema.properties ?? {}) as Record<string, unknown>;
}
