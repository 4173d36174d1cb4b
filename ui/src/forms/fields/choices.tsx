import { MultiSelect, Select } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { type Choice, labelled, type Reading } from '../schema';
import type { ControlProps } from './control';
import { describing } from './describing';

type Of<K extends Reading['shape']['kind']> = Extract<Reading['shape'], { kind: K }>;

const keyOf = (value: unknown) => JSON.stringify(value) ?? '';

/** The choices, and what is stored although it is none of them: it is shown, and kept until it is changed. */
function offered(choices: Choice[], stored: unknown[]) {
  const known = choices.map(({ value, label }) => ({ value: keyOf(value), label }));
  const foreign = stored
    .filter((each) => each !== undefined && each !== null && !choices.some(({ value }) => value === each))
    .map((each) => ({ value: keyOf(each), label: labelled(each) }));
  return [...known, ...foreign];
}

export function ChoiceControl({
  reading,
  shape,
  value,
  onChange,
  id,
  described,
  required,
  disabled,
}: ControlProps<Of<'choice'>>) {
  const { t } = useTranslation('forms');
  const fallback = shape.choices.find((each) => each.value === reading.default);
  return (
    <Select
      id={id}
      {...describing(described)}
      error={described['aria-invalid'] === true}
      disabled={disabled}
      searchable={shape.choices.length > 8}
      data={offered(shape.choices, [value])}
      value={value === undefined ? null : keyOf(value)}
      placeholder={fallback ? fallback.label : t('choose')}
      clearable={!required && value !== undefined}
      clearButtonProps={{ 'aria-label': t('clear') }}
      allowDeselect={false}
      onChange={(next) => onChange(next === null ? undefined : JSON.parse(next))}
    />
  );
}

export function ChoicesControl({
  reading,
  shape,
  value,
  onChange,
  id,
  described,
  disabled,
}: ControlProps<Of<'choices'>>) {
  const { t } = useTranslation('forms');
  const now = Array.isArray(value) ? value : value === undefined || value === null ? [] : [value];
  const standard = Array.isArray(reading.default) ? reading.default.map(labelled).join(', ') : '';
  return (
    <MultiSelect
      id={id}
      {...describing(described)}
      error={described['aria-invalid'] === true}
      disabled={disabled}
      data={offered(shape.choices, now)}
      value={now.map(keyOf)}
      placeholder={now.length === 0 ? standard || t('choose') : undefined}
      searchable={shape.choices.length > 8}
      clearButtonProps={{ 'aria-label': t('clear') }}
      onChange={(next) => onChange(next.length === 0 ? undefined : next.map((each) => JSON.parse(each)))}
    />
  );
}
