import { Box, Button, Collapse, Stack } from '@mantine/core';
import { IconChevronDown, IconChevronRight, IconPlus, IconX } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { blankOf } from '../blank';
import { isWithin, useForm } from '../context';
import { Field } from '../Field';
import { isObject, type Property, type Reading, read } from '../schema';
import { placeOf, withKey } from '../values';
import type { ControlProps } from './control';
import { DictRows } from './Dict';
import classes from './Frame.module.css';

type Group = Extract<Reading['shape'], { kind: 'group' }>;

/** The fields of an object that stands inside a form; one that may be missing is asked for first. */
export function GroupControl(props: ControlProps<Group>) {
  const { t } = useTranslation('forms');
  const { value, onChange, required, label, disabled, reading } = props;
  const { root } = useForm();
  if (value === undefined || value === null) {
    if (!required && props.at !== '') {
      return (
        <Button
          variant="default"
          size="xs"
          leftSection={<IconPlus size={14} />}
          disabled={disabled}
          aria-label={t('addOf', { label })}
          onClick={() => onChange(blankOf(reading.schema, root))}
        >
          {t('add')}
        </Button>
      );
    }
  }
  return (
    <Box className={props.at === '' ? undefined : classes.nested}>
      <Fields {...props} />
      {!required && props.at !== '' && value !== undefined && !disabled && (
        <Button
          variant="subtle"
          color="gray"
          size="compact-xs"
          mt={6}
          leftSection={<IconX size={12} />}
          aria-label={t('removeOf', { label })}
          onClick={() => onChange(undefined)}
        >
          {t('remove')}
        </Button>
      )}
    </Box>
  );
}

/** The properties of an object, and other keys where it may have some. */
export function Fields({
  shape,
  value,
  onChange,
  at,
  required: _r,
  ...rest
}: ControlProps<Group> & { more?: string[] }) {
  const { t } = useTranslation('forms');
  const { findings, root } = useForm();
  const now = isObject(value) ? value : {};
  const field = ({ name, schema, required }: Property) => (
    <Field
      key={name}
      schema={schema}
      name={name}
      at={placeOf(at, name)}
      required={required || (rest.more?.includes(name) ?? false)}
      value={now[name]}
      onChange={(next) => onChange(withKey(now, name, next))}
    />
  );
  const isAdvanced = (each: Property) => !each.required && read(each.schema, root).advanced;
  const visible = shape.properties.filter(({ schema }) => schema.hidden !== true);
  const main = visible.filter((each) => !isAdvanced(each));
  const folded = visible.filter(isAdvanced);
  const set = folded.filter(({ name }) => now[name] !== undefined && now[name] !== null);
  const wrong = folded.some(({ name }) => findings.some((each) => isWithin(each.at, placeOf(at, name))));
  const [open, setOpen] = useState(set.length > 0);
  const named = new Set(shape.properties.map(({ name }) => name));
  const others = Object.fromEntries(Object.entries(now).filter(([key]) => !named.has(key)));
  return (
    <Stack gap="sm">
      {main.map(field)}
      {folded.length > 0 && (
        <Box>
          <Button
            variant="subtle"
            color={wrong ? 'red' : 'gray'}
            size="compact-sm"
            px={4}
            ml={-4}
            aria-expanded={open || wrong}
            leftSection={open || wrong ? <IconChevronDown size={14} /> : <IconChevronRight size={14} />}
            onClick={() => setOpen(!open)}
          >
            {set.length > 0 ? t('advancedSet', { count: set.length }) : t('advanced')}
          </Button>
          <Collapse expanded={open || wrong} keepMounted={false}>
            <Stack gap="sm" mt="xs">
              {folded.map(field)}
            </Stack>
          </Collapse>
        </Box>
      )}
      {(shape.others || Object.keys(others).length > 0) && (
        <DictRows
          values={shape.others ?? {}}
          value={others}
          at={at}
          id={`${rest.id}-others`}
          label={t('otherFields')}
          disabled={rest.disabled || shape.others === null}
          onChange={(next) =>
            onChange({
              ...Object.fromEntries(Object.entries(now).filter(([key]) => named.has(key))),
              ...next,
            })
          }
        />
      )}
    </Stack>
  );
}
