import { NumberInput, PasswordInput, SegmentedControl, Textarea, TextInput } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useForm } from '../context';
import type { Reading } from '../schema';
import { labelled } from '../schema';
import type { ControlProps } from './control';
import { describing } from './describing';

type Of<K extends Reading['shape']['kind']> = Extract<Reading['shape'], { kind: K }>;

/** The default, or an example, as the grey text of an empty field. */
export function hint(reading: Reading): string {
  const said = reading.default ?? reading.example;
  if (said === undefined || said === null || said === '' || typeof said === 'object') return '';
  return labelled(said);
}

const left = (text: string) => (text === '' ? undefined : text);
const shown = (value: unknown) =>
  value === undefined || value === null ? '' : typeof value === 'string' ? value : JSON.stringify(value);

export function TextControl({
  reading,
  shape,
  value,
  onChange,
  id,
  described,
  disabled,
}: ControlProps<Of<'text'>>) {
  const common = {
    id,
    ...describing(described),
    disabled,
    placeholder: hint(reading),
    value: shown(value),
    error: described['aria-invalid'] === true,
  };
  if (shape.long) {
    return (
      <Textarea
        {...common}
        autosize
        minRows={3}
        maxRows={16}
        onChange={(event) => onChange(left(event.currentTarget.value))}
      />
    );
  }
  return (
    <TextInput
      {...common}
      autoComplete="off"
      spellCheck={false}
      onChange={(event) => onChange(left(event.currentTarget.value))}
    />
  );
}

export function SecretControl({
  shape,
  value,
  onChange,
  at,
  id,
  described,
  disabled,
}: ControlProps<Of<'secret'>>) {
  const { t } = useTranslation('forms');
  const { kept } = useForm();
  const common = {
    id,
    ...describing(described),
    disabled,
    placeholder: kept.includes(at) ? t('secretKept') : '',
    value: shown(value),
    error: described['aria-invalid'] === true,
    autoComplete: 'new-password',
    spellCheck: false,
  };
  if (shape.long) {
    return (
      <Textarea
        {...common}
        rows={4}
        ff="monospace"
        onChange={(event) => onChange(left(event.currentTarget.value))}
      />
    );
  }
  return (
    <PasswordInput
      {...common}
      visibilityToggleButtonProps={{ 'aria-label': t('showSecret'), tabIndex: 0 }}
      onChange={(event) => onChange(left(event.currentTarget.value))}
    />
  );
}

export function NumberControl({
  reading,
  shape,
  value,
  onChange,
  id,
  described,
  disabled,
}: ControlProps<Of<'number'>>) {
  const { minimum, maximum } = reading.schema;
  return (
    <NumberInput
      id={id}
      {...describing(described)}
      error={described['aria-invalid'] === true}
      disabled={disabled}
      placeholder={hint(reading)}
      value={typeof value === 'number' || typeof value === 'string' ? value : ''}
      allowDecimal={!shape.integer}
      clampBehavior="none"
      min={typeof minimum === 'number' ? minimum : undefined}
      max={typeof maximum === 'number' ? maximum : undefined}
      maw={220}
      onChange={(next) => onChange(next === '' ? undefined : next)}
    />
  );
}

/** Yes or no: with a default both are choices, and "not set" is what is shown of neither. */
export function ToggleControl({
  reading,
  value,
  onChange,
  id,
  described,
  label,
  disabled,
}: ControlProps<Of<'toggle'>>) {
  const { t } = useTranslation('forms');
  const now =
    typeof value === 'boolean' ? value : typeof reading.default === 'boolean' ? reading.default : null;
  return (
    <SegmentedControl
      id={id}
      {...described}
      aria-label={label}
      size="xs"
      disabled={disabled}
      value={now === null ? '' : String(now)}
      data={[
        { value: 'true', label: t('yes') },
        { value: 'false', label: t('no') },
      ]}
      onChange={(next) => onChange(next === 'true')}
    />
  );
}

export function ConstantControl({ shape, id, described }: ControlProps<Of<'constant'>>) {
  return (
    <TextInput id={id} {...describing(described)} readOnly variant="filled" value={labelled(shape.value)} />
  );
}
