import { Alert, Anchor, Button, Group, Select, Stack, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { fieldErrors, Problem } from '~/api/problem';
import { Disclosure } from '~/design/Disclosure';
import { faultsOf } from '~/forms/faults';
import { SchemaForm } from '~/forms/SchemaForm';
import { useCreateConnection, useTryConnection } from '../mutations';
import type { Connection, ConnectionKind } from '../queries';
import { HostsInput } from './HostsInput';
import { TestResult } from './TestResult';

interface Props {
  kind: ConnectionKind;
  onCreated: (connection: Connection) => void;
  /** Back to the choice of a kind. */
  onBack?: () => void;
  /** Where it is needed at once: it is tested before it is saved, and what is seldom changed is folded away. */
  isNeeded?: boolean;
}

type Values = Record<string, unknown>;
type Json = NonNullable<Parameters<ReturnType<typeof useTryConnection>['mutate']>[0]>['fields'];

/** The findings of an answer about `fields.…`, as the form of the fields knows them. */
export function fieldFindings(error: unknown): { at: string; message: string }[] {
  return Object.entries(fieldErrors(error))
    .filter(([at]) => at.startsWith('fields.'))
    .map(([at, message]) => ({ at: at.slice('fields.'.length), message }));
}

/** What an answer says that belongs to no field that is shown. */
export function otherProblem(error: Error | null, shown: string[]): string | null {
  if (!error) return null;
  const places = Object.keys(fieldErrors(error));
  const seen = places.filter((at) => at.startsWith('fields.') || shown.some((name) => at.startsWith(name)));
  return error instanceof Problem && places.length > 0 && seen.length === places.length
    ? null
    : error.message;
}

/** A new connection of a kind: its form comes from the kind's schema; it can be tested before it is saved. */
export function ConnectionForm({ kind, onCreated, onBack, isNeeded }: Props) {
  const { t } = useTranslation('connections');
  const [name, setName] = useState(kind.title);
  const [fields, setFields] = useState<Values>({});
  const [hosts, setHosts] = useState<string[]>([]);
  const [usedBy, setUsedBy] = useState<'editors' | 'admins'>('editors');
  const [asked, setAsked] = useState(false);
  const test = useTryConnection();
  const create = useCreateConnection(kind, onCreated);
  const error = create.error ?? test.error;
  const places = fieldErrors(error);
  const body = () => ({
    name: name.trim(),
    kind: kind.name,
    fields: fields as Json,
    allowed_hosts: hosts,
    used_by: usedBy,
  });
  const ready = () => {
    setAsked(true);
    const fine =
      faultsOf(kind.fields_schema, fields, { expressions: false }).length === 0 && name.trim() !== '';
    return fine;
  };
  const change = (next: Values) => {
    setFields(next);
    test.reset();
    create.reset();
  };
  const said = otherProblem(error, ['name', 'allowed_hosts']);
  const save = () => {
    if (!ready()) return;
    if (!isNeeded) create.mutate(body());
    else test.mutate(body(), { onSuccess: ({ ok }) => ok && create.mutate(body()) });
  };
  const known = (kind.fields_schema.properties ?? {}) as Record<string, unknown>;
  const asksHosts = kind.default_hosts.length === 0 && !('base_url' in known);
  const nameInput = (
    <TextInput
      label={t('name')}
      description={t('nameHelp')}
      required
      withAsterisk
      maxLength={200}
      autoComplete="off"
      value={name}
      error={places.name ?? (asked && !name.trim() ? t('nameMissing') : undefined)}
      onChange={(event) => setName(event.currentTarget.value)}
    />
  );
  const hostsInput = (
    <HostsInput
      value={hosts}
      onChange={(next) => {
        setHosts(next);
        create.reset();
        test.reset();
      }}
      usual={kind.default_hosts}
      error={Object.entries(places).find(([at]) => at.startsWith('allowed_hosts'))?.[1]}
    />
  );
  const usedByInput = <UsedBy value={usedBy} onChange={setUsedBy} />;
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        event.stopPropagation();
        save();
      }}
    >
      <Stack gap="md">
        <Text fz="sm" c="dimmed">
          {kind.description}
          {onBack && (
            <>
              {' '}
              <Anchor component="button" type="button" fz="sm" onClick={onBack}>
                {t('otherKind')}
              </Anchor>
            </>
          )}
        </Text>
        {!isNeeded && nameInput}
        <SchemaForm
          schema={kind.fields_schema}
          value={fields}
          onChange={change}
          findings={fieldFindings(error)}
          showFaults={asked}
          idPrefix={`new-${kind.name}`}
        />
        {(!isNeeded || asksHosts) && hostsInput}
        {!isNeeded && usedByInput}
        {isNeeded && (
          <Disclosure label={t('more')} isOpen={places.name !== undefined || (asked && !name.trim())}>
            {nameInput}
            {!asksHosts && hostsInput}
            {usedByInput}
          </Disclosure>
        )}
        {test.data && <TestResult tested={test.data} />}
        {said && (
          <Alert color="red" variant="light" role="alert">
            {said}
          </Alert>
        )}
        {isNeeded ? (
          <Group justify="flex-end">
            {test.data && !test.data.ok && (
              <Button variant="default" loading={create.isPending} onClick={() => create.mutate(body())}>
                {t('saveAnyway')}
              </Button>
            )}
            <Button type="submit" loading={test.isPending || create.isPending}>
              {t('testAndSave')}
            </Button>
          </Group>
        ) : (
          <Group justify="space-between">
            <Button variant="default" loading={test.isPending} onClick={() => ready() && test.mutate(body())}>
              {t('test')}
            </Button>
            <Button type="submit" loading={create.isPending}>
              {t('save')}
            </Button>
          </Group>
        )}
      </Stack>
    </form>
  );
}

interface UsedByProps {
  value: 'editors' | 'admins';
  onChange: (value: 'editors' | 'admins') => void;
}

export function UsedBy({ value, onChange }: UsedByProps) {
  const { t } = useTranslation('connections');
  return (
    <Select
      label={t('usedBy')}
      description={t('usedByHelp')}
      allowDeselect={false}
      data={(['editors', 'admins'] as const).map((each) => ({ value: each, label: t(`roles.${each}`) }))}
      value={value}
      onChange={(next) => next && onChange(next as 'editors' | 'admins')}
    />
  );
}
