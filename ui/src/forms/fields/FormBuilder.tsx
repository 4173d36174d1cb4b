import {
  ActionIcon,
  Box,
  Button,
  Checkbox,
  Group,
  SegmentedControl,
  Select,
  Stack,
  TextInput,
} from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { isObject, type JsonSchema, type Reading } from '../schema';
import { withKey, withName } from '../values';
import type { ControlProps } from './control';
import { JsonText } from './Json';
import { useRows } from './useRows';

type FormShape = Extract<Reading['shape'], { kind: 'form' }>;

const TYPES = ['string', 'number', 'integer', 'boolean', 'array', 'object'] as const;

/** A JSON Schema of an object, as a list of fields; whatever else it says is kept, and can be written as JSON. */
export function FormControl({ value, onChange, id, label, described, disabled }: ControlProps<FormShape>) {
  const { t } = useTranslation('forms');
  const [asJson, setAsJson] = useState(false);
  const form = isObject(value) ? value : null;
  const properties = isObject(form?.properties) ? (form.properties as Record<string, JsonSchema>) : {};
  const required = Array.isArray(form?.required)
    ? form.required.filter((each) => typeof each === 'string')
    : [];
  const names = Object.keys(properties);
  const { ids, setIds } = useRows(names.length);
  const put = (next: Record<string, JsonSchema>, needed: string[]) => {
    const { required: _before, ...rest } = form ?? {};
    const kept = needed.filter((name) => name in next);
    onChange({ ...rest, type: 'object', properties: next, ...(kept.length > 0 ? { required: kept } : {}) });
  };
  const freeName = () => {
    let number = names.length + 1;
    while (names.includes(`field_${number}`)) number += 1;
    return `field_${number}`;
  };
  return (
    <Stack gap={6}>
      {form && (
        <SegmentedControl
          size="xs"
          w="fit-content"
          aria-label={t('kindOfLabel', { label })}
          value={asJson ? 'json' : 'fields'}
          data={[
            { value: 'fields', label: t('kinds.fields') },
            { value: 'json', label: 'JSON' },
          ]}
          onChange={(next) => setAsJson(next === 'json')}
        />
      )}
      {asJson ? (
        <JsonText
          id={id}
          label={label}
          described={described}
          value={value}
          onChange={onChange}
          disabled={disabled}
        />
      ) : (
        names.map((name, index) => {
          const each = isObject(properties[name]) ? properties[name] : {};
          const type = TYPES.find((known) => known === each.type) ?? null;
          return (
            <Group key={ids[index]} gap={6} wrap="wrap" align="center">
              <TextInput
                style={{ flex: '1 1 110px' }}
                aria-label={t('nameOf', { label, number: index + 1 })}
                spellCheck={false}
                disabled={disabled}
                value={name}
                onChange={(event) => {
                  const next = event.currentTarget.value;
                  if (next === '' || next in properties) return;
                  put(
                    withName(properties, name, next) as Record<string, JsonSchema>,
                    required.map((one) => (one === name ? next : one)),
                  );
                }}
              />
              <TextInput
                style={{ flex: '1 1 110px' }}
                aria-label={t('questionOf', { name })}
                placeholder={t('question')}
                disabled={disabled}
                value={typeof each.title === 'string' ? each.title : ''}
                onChange={(event) =>
                  put(
                    { ...properties, [name]: withKey(each, 'title', event.currentTarget.value || undefined) },
                    required,
                  )
                }
              />
              <Select
                w={120}
                aria-label={t('typeOf', { name })}
                allowDeselect={false}
                disabled={disabled}
                data={TYPES.map((one) => ({ value: one, label: t(`types.${one}`) }))}
                value={type}
                onChange={(next) => put({ ...properties, [name]: withKey(each, 'type', next) }, required)}
              />
              <Checkbox
                label={t('needed')}
                aria-label={t('neededOf', { name })}
                disabled={disabled}
                checked={required.includes(name)}
                onChange={(event) =>
                  put(
                    properties,
                    event.currentTarget.checked
                      ? [...required, name]
                      : required.filter((one) => one !== name),
                  )
                }
              />
              {!disabled && (
                <ActionIcon
                  variant="subtle"
                  color="gray"
                  size="sm"
                  aria-label={t('removeOf', { label: name })}
                  onClick={() => {
                    setIds(ids.filter((_id, at) => at !== index));
                    const { [name]: _gone, ...left } = properties;
                    if (Object.keys(left).length === 0) onChange(undefined);
                    else put(left, required);
                  }}
                >
                  <IconTrash size={13} />
                </ActionIcon>
              )}
            </Group>
          );
        })
      )}
      {!asJson && !disabled && (
        <Box>
          <Button
            id={id}
            variant="default"
            size="xs"
            leftSection={<IconPlus size={14} />}
            aria-label={`${t('addField')}: ${label}`}
            onClick={() => put({ ...properties, [freeName()]: { type: 'string' } }, required)}
          >
            {t('addField')}
          </Button>
        </Box>
      )}
    </Stack>
  );
}
