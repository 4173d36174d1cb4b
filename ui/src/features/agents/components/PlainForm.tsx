import {
  Checkbox,
  MultiSelect,
  NumberInput,
  PasswordInput,
  Select,
  Stack,
  TagsInput,
  Textarea,
  TextInput,
} from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { catalogQuery } from '~/features/catalog/queries';
import { channelsQuery } from '~/features/channels/queries';
import { connectionsQuery } from '~/features/connections/queries';
import { type Field, fieldsOf, linesOf, pairsOf } from './schema';

interface Finding {
  at: string;
  message: string;
}

interface Props {
  schema: unknown;
  value: Record<string, unknown>;
  onChange: (next: Record<string, unknown>) => void;
  findings?: Finding[];
}

/** A form of plain values by their JSON Schema: fields of connections, settings of tools, fields of templates. */
export function PlainForm({ schema, value, onChange, findings = [] }: Props) {
  const change = (name: string, next: unknown) => {
    const { [name]: _before, ...others } = value;
    onChange(next === undefined || next === '' || next === null ? others : { ...others, [name]: next });
  };
  return (
    <Stack gap="sm">
      {fieldsOf(schema).map((field) => (
        <PlainField
          key={field.name}
          field={field}
          value={value[field.name]}
          error={findings.find(({ at }) => at.split(/[.[]/)[0] === field.name)?.message}
          onChange={(next) => change(field.name, next)}
        />
      ))}
    </Stack>
  );
}

interface FieldProps {
  field: Field;
  value: unknown;
  error: string | undefined;
  onChange: (next: unknown) => void;
}

const strings = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);

function PlainField({ field, value, error, onChange }: FieldProps) {
  const { t } = useTranslation('agents');
  const { kind, title, description, required, example, preset, options } = field;
  const shared = { label: title, description, withAsterisk: required, error };
  const shown = value ?? preset;
  switch (kind) {
    case 'truth':
      return (
        <Checkbox
          label={title}
          description={description}
          error={error}
          checked={Boolean(shown)}
          onChange={(event) => onChange(event.currentTarget.checked)}
        />
      );
    case 'number':
      return (
        <NumberInput
          {...shared}
          value={typeof shown === 'number' ? shown : ''}
          onChange={(next) => onChange(typeof next === 'number' ? next : undefined)}
        />
      );
    case 'choice':
      return (
        <Select
          {...shared}
          data={options ?? []}
          value={shown === undefined ? null : String(shown)}
          onChange={(next) => onChange(typeof preset === 'number' && next ? Number(next) : next)}
          allowDeselect={!required}
        />
      );
    case 'choices':
      return <MultiSelect {...shared} data={options ?? []} value={strings(shown)} onChange={onChange} />;
    case 'texts':
      return <Texts field={field} shared={shared} value={strings(shown)} onChange={onChange} />;
    case 'pairs':
      return (
        <Textarea
          {...shared}
          placeholder={t('form.pairs')}
          autosize
          defaultValue={linesOf(shown)}
          onChange={(event) => onChange(pairsOf(event.currentTarget.value))}
        />
      );
    case 'secret':
      return (
        <PasswordInput
          {...shared}
          autoComplete="off"
          data-1p-ignore
          value={String(shown ?? '')}
          onChange={(event) => onChange(event.currentTarget.value)}
          visibilityToggleButtonProps={{ 'aria-label': t('form.show') }}
        />
      );
    case 'connection':
      return <Account field={field} shared={shared} value={value} onChange={onChange} />;
    case 'long':
      return (
        <Textarea
          {...shared}
          autosize
          minRows={3}
          maxRows={12}
          value={String(shown ?? '')}
          onChange={(event) => onChange(event.currentTarget.value)}
        />
      );
    default:
      return (
        <TextInput
          {...shared}
          placeholder={example}
          value={String(shown ?? '')}
          onChange={(event) => onChange(event.currentTarget.value)}
        />
      );
  }
}

interface PartProps {
  field: Field;
  shared: { label: string; description?: string; withAsterisk: boolean; error: string | undefined };
  value: unknown;
  onChange: (next: unknown) => void;
}

function Texts({ field, shared, value, onChange }: PartProps) {
  const { t } = useTranslation('agents');
  const channels = useQuery({ ...channelsQuery(), enabled: field.format === 'channel' });
  const names = [...new Set((channels.data?.items ?? []).map(({ name }) => name))];
  return (
    <TagsInput
      {...shared}
      placeholder={strings(value).length ? '' : t('form.texts')}
      data={names}
      value={strings(value)}
      onChange={onChange}
      acceptValueOnBlur
    />
  );
}

function Account({ field, shared, value, onChange }: PartProps) {
  const { t } = useTranslation('agents');
  const kinds = useQuery(catalogQuery()).data?.connections ?? [];
  const { data } = useQuery(connectionsQuery());
  const fitting = (data?.items ?? []).filter(
    ({ kind }) => kinds.find(({ name }) => name === kind)?.purpose === field.purpose,
  );
  return (
    <Select
      {...shared}
      placeholder={t('form.noAccount')}
      data={fitting.map(({ id, name }) => ({ value: id, label: name }))}
      value={fitting.find(({ id, name }) => id === value || name === value)?.id ?? null}
      onChange={onChange}
      clearable={!shared.withAsterisk}
      nothingFoundMessage={t('form.noAccount')}
    />
  );
}
