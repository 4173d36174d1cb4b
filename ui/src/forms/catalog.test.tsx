import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { MantineProvider } from '@mantine/core';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { cleanup, fireEvent, render } from '@testing-library/react';
import { useState } from 'react';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { startLanguage } from '~/i18n/language';
import { fullOf, nameOf, withAt } from '~/testing/leaves';
import { standInForBrowser } from '~/testing/standIns';
import { blankOf } from './blank';
import { labelOf } from './Field';
import { faultsOf } from './faults';
import { SchemaForm } from './SchemaForm';
import { isObject, type JsonSchema, read } from './schema';

interface Part {
  name: string;
  schema: JsonSchema;
  example: Record<string, unknown>;
}

/** The catalogue of the product as it is now: there is no copy of it that could be an older one. */
function catalogue(): Part[] {
  const raw = execFileSync(resolve('../.venv/bin/python'), ['-m', 'deployments.catalog'], {
    cwd: '..',
    encoding: 'utf8',
    maxBuffer: 2 ** 24,
  });
  const all = JSON.parse(raw) as Record<string, Record<string, unknown>[]>;
  const schemas = {
    actions: 'input_schema',
    triggers: 'config_schema',
    connections: 'fields_schema',
    tools: 'settings_schema',
  };
  return Object.entries(schemas).flatMap(([kind, key]) =>
    (all[kind] ?? []).map((each) => ({
      name: `${kind}: ${String(each.name)}`,
      schema: each[key] as JsonSchema,
      example: each.example as Record<string, unknown>,
    })),
  );
}

const parts = catalogue();

function Held({ part, onChange }: { part: Part; onChange: (next: unknown) => void }) {
  const [value, setValue] = useState(part.example);
  return (
    <SchemaForm
      schema={part.schema}
      value={value}
      expressions={part.name.startsWith('actions') ? { sample: {}, paths: [] } : false}
      idPrefix="f"
      onChange={(next) => {
        setValue(next);
        onChange(next);
      }}
    />
  );
}

function shown(part: Part, onChange: (next: unknown) => void) {
  const client = new QueryClient({ defaultOptions: { queries: { enabled: false } } });
  return render(
    <MantineProvider env="test">
      <QueryClientProvider client={client}>
        <Held part={part} onChange={onChange} />
      </QueryClientProvider>
    </MantineProvider>,
  );
}

vi.setConfig({ testTimeout: 60_000 });

beforeAll(async () => {
  standInForBrowser();
  await startLanguage();
});

describe('every schema of the catalogue', () => {
  it('is there', () => {
    expect(parts.length).toBeGreaterThan(40);
  });

  for (const part of parts) {
    it(`${part.name} has a form, which leaves its example as it is`, () => {
      const changes: unknown[] = [];
      const { container } = shown(part, (next) => changes.push(next));
      expect(changes).toEqual([]);
      const { shape } = read(part.schema, part.schema);
      if (shape.kind !== 'group') throw new Error('no object');
      const text = container.textContent ?? '';
      for (const { name, schema, required } of shape.properties) {
        const label = labelOf(schema, name);
        if (required) expect(text, `${label} is marked`).toContain(`${label} *`);
        if (name in part.example) expect(text).toContain(label);
      }
      const ids = [...container.querySelectorAll('[id]')].map(({ id }) => id);
      expect(ids.filter((id, at) => ids.indexOf(id) !== at)).toEqual([]);
    });

    it(`${part.name} finds its example right, and an empty form wrong where something is required`, () => {
      const found = faultsOf(part.schema, part.example, { expressions: true });
      expect(found).toEqual([]);
      const required = Array.isArray(part.schema.required) ? part.schema.required : [];
      const missing = faultsOf(part.schema, {}, { expressions: true }).map(({ at }) => at);
      expect(missing.sort()).toEqual([...required].sort());
    });
  }

  for (const part of parts) {
    it(`${part.name}: every field is reached by its name, and changes itself alone`, () => {
      const { variants } = fullOf(part.schema, 0);
      for (let variant = 0; variant < variants; variant++) {
        const { value, leaves } = fullOf(part.schema, variant);
        let last: unknown = value;
        shown({ ...part, example: value as Record<string, unknown> }, (next) => {
          last = next;
        });
        expect(last).toBe(value);
        for (const { at, path, kind } of leaves) {
          const found = [`f-${at}-in`, `f-${at}`].map((id) => document.getElementById(id)).find(Boolean);
          if (!found) throw new Error(`${at} (${kind}) is not shown`);
          expect(nameOf(found), at).not.toBe('');
          if (!isTyped(found) || (kind !== 'text' && kind !== 'secret')) continue;
          const before = last;
          fireEvent.change(found, { target: { value: 'other' } });
          expect(last, at).toEqual(withAt(before, path, 'other'));
        }
        cleanup();
      }
    });

    it(`${part.name}: what a new one begins with lacks only what a person has to give`, () => {
      const found = faultsOf(part.schema, blankOf(part.schema), { expressions: true });
      expect(found.filter(({ key }) => key !== 'missing')).toEqual([]);
    });
  }

  it('is understood to its last corner: nothing that says something is shown as "any value"', () => {
    const found: string[] = [];
    const visit = (schema: JsonSchema, root: JsonSchema, at: string, depth: number) => {
      if (depth > 6) return;
      const { shape, schema: inner } = read(schema, root);
      const says = Object.keys(inner).filter(
        (word) => !['title', 'description', 'default', 'examples', 'advanced', '$defs'].includes(word),
      );
      if (shape.kind === 'any' && says.length > 0) found.push(`${at}: ${says.join(', ')}`);
      if (shape.kind === 'group')
        for (const each of shape.properties) visit(each.schema, root, `${at}.${each.name}`, depth + 1);
      if (shape.kind === 'list') visit(shape.items, root, `${at}[]`, depth + 1);
      if (shape.kind === 'dict' && isObject(shape.values)) visit(shape.values, root, `${at}.*`, depth + 1);
      if (shape.kind === 'union')
        for (const each of shape.options) visit(each.schema, root, `${at}|`, depth + 1);
    };
    for (const part of parts) visit(part.schema, part.schema, part.name, 0);
    expect(found).toEqual([]);
  });
});

/** Whether text is written into it freely. */
function isTyped(element: Element): element is HTMLInputElement | HTMLTextAreaElement {
  const isText = element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement;
  return isText && element.getAttribute('aria-haspopup') === null && !element.readOnly;
}
