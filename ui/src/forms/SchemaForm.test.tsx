import { MantineProvider } from '@mantine/core';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { fireEvent, render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { useState } from 'react';
import { beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { startLanguage } from '~/i18n/language';
import { standInForBrowser } from '~/testing/standIns';
import { blankOf, type JsonSchema, SchemaForm, type SchemaFormProps } from './SchemaForm';

/** As pydantic writes it of an action with everything that a form has to know. */
const SCHEMA: JsonSchema = {
  type: 'object',
  required: ['url', 'target'],
  properties: {
    url: { type: 'string', title: 'URL', minLength: 1 },
    count: {
      anyOf: [{ type: 'integer', minimum: 1, maximum: 5 }, { type: 'null' }],
      default: null,
      title: 'Count',
    },
    mode: { enum: ['fast', 'slow'], default: 'fast', title: 'Mode', type: 'string' },
    secret: { type: 'string', format: 'password', writeOnly: true, title: 'Secret' },
    connection: { type: 'string', format: 'connection', purpose: 'http', title: 'Connection' },
    headers: { type: 'object', additionalProperties: { type: 'string' }, title: 'Headers' },
    people: { type: 'array', items: { $ref: '#/$defs/Person' }, title: 'People' },
    target: {
      oneOf: [{ $ref: '#/$defs/Room' }, { $ref: '#/$defs/Mail' }],
      discriminator: { propertyName: 'kind', mapping: {} },
      title: 'Target',
    },
    body: { title: 'Body' },
    rare: { type: 'boolean', default: false, title: 'Rare', advanced: true },
  },
  $defs: {
    Person: {
      type: 'object',
      title: 'Person',
      required: ['name'],
      properties: {
        name: { type: 'string', title: 'Name' },
        tags: { type: 'array', items: { type: 'string' }, title: 'Tags' },
      },
    },
    Room: {
      type: 'object',
      title: 'Room',
      required: ['kind', 'room'],
      properties: { kind: { const: 'room', type: 'string' }, room: { type: 'string', title: 'Room name' } },
    },
    Mail: {
      type: 'object',
      title: 'Mail',
      required: ['kind', 'address'],
      properties: { kind: { const: 'mail', type: 'string' }, address: { type: 'string', title: 'Address' } },
    },
  },
};

const SAMPLE = { trigger: { data: { items: [1, 2], name: 'Ada' } } };
const PATHS = [
  { path: 'trigger.data.items', label: 'items' },
  { path: 'trigger.data.name', label: 'name', example: 'Ada' },
];

let stored: Record<string, unknown>;

function Held(props: Partial<SchemaFormProps> & { start: Record<string, unknown> }) {
  const { start, ...rest } = props;
  const [value, setValue] = useState(start);
  stored = value;
  return <SchemaForm schema={SCHEMA} value={value} onChange={setValue} idPrefix="t" {...rest} />;
}

function show(start: Record<string, unknown>, props: Partial<SchemaFormProps> = {}) {
  const client = new QueryClient({ defaultOptions: { queries: { enabled: false } } });
  return render(
    <MantineProvider env="test">
      <QueryClientProvider client={client}>
        <Held start={start} {...props} />
      </QueryClientProvider>
    </MantineProvider>,
  );
}

const change = (name: RegExp | string, value: string) =>
  fireEvent.change(screen.getByRole('textbox', { name }), { target: { value } });
const press = (name: RegExp | string) => fireEvent.click(screen.getByRole('button', { name }));

vi.setConfig({ testTimeout: 60_000 });

beforeAll(async () => {
  standInForBrowser();
  await startLanguage();
});

beforeEach(() => {
  stored = {};
});

describe('a form', () => {
  it('begins with what the server does not fill in itself', () => {
    expect(blankOf(SCHEMA)).toEqual({ target: { kind: 'room' } });
  });

  it('changes one key, keeps the others and the unknown ones, and leaves out what is empty', () => {
    show({ url: 'https://a', later: { kept: true }, target: { kind: 'room', room: 'x' } });
    change(/^URL/, 'https://b');
    expect(stored).toEqual({ url: 'https://b', later: { kept: true }, target: { kind: 'room', room: 'x' } });
    change(/^URL/, '');
    expect(stored).toEqual({ later: { kept: true }, target: { kind: 'room', room: 'x' } });
  });

  it('fills nested objects, lists and names with values', () => {
    show({ target: { kind: 'room', room: 'x' } });
    press('Add: People');
    change(/^Name/, 'Ada');
    press('Add: Tags');
    change('Tags 1', 'lead');
    press('Add: Headers');
    change('Headers: name 1', 'X-One');
    change('Value of X-One', '1');
    expect(stored).toEqual({
      target: { kind: 'room', room: 'x' },
      people: [{ name: 'Ada', tags: ['lead'] }],
      headers: { 'X-One': '1' },
    });
    press('Remove: People 1');
    expect(stored.people).toBeUndefined();
  });

  it('keeps names that JavaScript has a meaning for', () => {
    const headers = JSON.parse('{"constructor": "1", "toString": "2", "__proto__": "3"}') as Record<
      string,
      unknown
    >;
    show({ target: { kind: 'room', room: 'x' }, headers });
    change('Value of toString', 'new');
    expect(JSON.stringify(stored.headers)).toBe('{"constructor":"1","toString":"new","__proto__":"3"}');
  });

  it('begins one of several with what tells it apart, which may be a default of the server', () => {
    const kind = { const: 'b', default: 'b', type: 'string' };
    const group = (name: string) => ({
      type: 'object',
      title: `To${name}`,
      properties: { kind: { ...kind, const: name }, text: { type: 'string', title: `Text ${name}` } },
    });
    const target = {
      oneOf: [group('A'), group('B')],
      title: 'Target',
      discriminator: { propertyName: 'kind' },
    };
    show({}, { schema: { type: 'object', required: ['target'], properties: { target } } });
    expect(screen.queryByRole('textbox', { name: /^Text/ })).toBeNull();
    fireEvent.click(screen.getByRole('combobox', { name: 'Kind: Target' }));
    fireEvent.click(screen.getByRole('option', { name: 'B', hidden: true }));
    expect(stored).toEqual({ target: { kind: 'B' } });
    change(/^Text B/, 'x');
    expect(stored).toEqual({ target: { kind: 'B', text: 'x' } });
  });

  it('says what is missing or wrong, in words, at the field', () => {
    show({ url: '', count: 9, target: { kind: 'room' } }, { showFaults: true });
    expect(screen.getByRole('textbox', { name: /^URL/ }).getAttribute('aria-invalid')).toBe('true');
    expect(screen.getAllByText('This is needed.')).toHaveLength(2);
    expect(screen.getByText('5 is the most.')).toBeTruthy();
  });

  it('shows the findings of the server before its own', () => {
    show(
      { target: { kind: 'room', room: 'x' } },
      { showFaults: true, findings: [{ at: 'url', message: 'No such host.' }] },
    );
    expect(screen.getByText('No such host.')).toBeTruthy();
    expect(screen.queryByText('This is needed.')).toBeNull();
  });

  it('keeps a secret that is stored already', () => {
    show(
      { url: 'x', target: { kind: 'room', room: 'x' } },
      { kept: ['secret'], required: ['secret'], showFaults: true },
    );
    expect(screen.queryByText('This is needed.')).toBeNull();
  });

  it('folds what is rarely needed, unless it is set', async () => {
    show({ target: { kind: 'room', room: 'x' } });
    expect(screen.queryByText('Rare')).toBeNull();
    press('More settings');
    expect(await screen.findByText('Rare', {}, { timeout: 20_000 })).toBeTruthy();
  });
});

describe('an expression', () => {
  const expressions = { sample: SAMPLE, paths: PATHS };

  it('and the fixed value are both there when one switches to and fro', () => {
    show({ count: 3, target: { kind: 'room', room: 'x' } }, { expressions });
    press('Data of the run in Count');
    expect(stored.count).toBe(3);
    fireEvent.change(document.getElementById('t-count') as HTMLElement, {
      target: { value: '{{ trigger.data.items | length }}' },
    });
    expect(stored.count).toBe('{{ trigger.data.items | length }}');
    press('Data of the run in Count');
    expect(stored.count).toBe(3);
    press('Data of the run in Count');
    expect(stored.count).toBe('{{ trigger.data.items | length }}');
  });

  it('is what a text becomes by writing {{, and completes the names of values', async () => {
    const person = userEvent.setup();
    show({ url: 'https://a/', target: { kind: 'room', room: 'x' } }, { expressions });
    change(/^URL/, 'https://a/{{');
    const field = document.getElementById('t-url') as HTMLTextAreaElement;
    expect(field.tagName).toBe('TEXTAREA');
    await person.click(field);
    await person.type(field, ' nam');
    await person.keyboard('{Enter}');
    expect(stored.url).toBe('https://a/{{ trigger.data.name }}');
  });

  it('is no fault where a number is wanted', () => {
    show({ url: '{{ x }}', count: '{{ y }}', target: '{{ z }}' }, { expressions, showFaults: true });
    expect(document.querySelectorAll('[aria-invalid]')).toHaveLength(0);
  });
});
