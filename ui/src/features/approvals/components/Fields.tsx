import { Select, Stack, Switch, Textarea, TextInput } from '@mantine/core';
import type { FormField, Typed } from '../formFields';

interface Props {
  fields: FormField[];
  typed: Typed;
  errors: Record<string, string>;
  onChange: (typed: Typed) => void;
}

/** Fields for simple values; lists and objects are written as JSON. */
export function Fields({ fields, typed, errors, onChange }: Props) {
  const put = (name: string, value: string | boolean) => onChange({ ...typed, [name]: value });
  return (
    <Stack gap="xs">
      {fields.map((field) => {
        const value = typed[field.name];
        const text = typeof value === 'string' ? value : '';
        const common = {
          label: field.label,
          description: field.description,
          error: errors[field.name],
          withAsterisk: field.required,
        };
        switch (field.kind) {
          case 'switch':
            return (
              <Switch
                key={field.name}
                label={field.label}
                description={field.description}
                checked={value === true}
                onChange={(event) => put(field.name, event.currentTarget.checked)}
              />
            );
          case 'choice':
            return (
              <Select
                key={field.name}
                {...common}
                data={field.choices}
                value={text || null}
                clearable={!field.required}
                onChange={(chosen) => put(field.name, chosen ?? '')}
              />
            );
          case 'long':
          case 'json':
            return (
              <Textarea
                key={field.name}
                {...common}
                autosize
                minRows={2}
                maxRows={12}
                spellCheck={field.kind === 'long'}
                styles={
                  field.kind === 'json'
                    ? { input: { fontFamily: 'var(--mantine-font-family-monospace)' } }
                    : undefined
                }
                value={text}
                onChange={(event) => put(field.name, event.currentTarget.value)}
              />
            );
          default:
            return (
              <TextInput
                key={field.name}
                {...common}
                inputMode={field.kind === 'number' ? 'decimal' : undefined}
                value={text}
                onChange={(event) => put(field.name, event.currentTarget.value)}
              />
            );
        }
      })}
    </Stack>
  );
}
