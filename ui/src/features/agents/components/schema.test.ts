import { describe, expect, it } from 'vitest';
import { fieldsOf, linesOf, pairsOf } from './schema';

const SCHEMA = {
  type: 'object',
  required: ['api_key'],
  properties: {
    api_key: { type: 'string', title: 'API key', writeOnly: true, maxLength: 8192 },
    model: { anyOf: [{ type: 'string', maxLength: 200 }, { type: 'null' }], default: null, examples: ['m'] },
    account: { anyOf: [{ type: 'string' }, { type: 'null' }], format: 'connection', purpose: 'http' },
    methods: { type: 'array', items: { type: 'string', enum: ['GET', 'POST'] }, default: ['GET'] },
    rooms: { type: 'array', items: { type: 'string', format: 'channel' } },
    every: { type: 'integer', enum: [1, 5] },
    headers: { type: 'object', additionalProperties: { type: 'string' } },
    body: { type: 'string', maxLength: 20_000 },
  },
};

describe('the fields of a schema', () => {
  it('are of the kinds that their types say', () => {
    expect(fieldsOf(SCHEMA).map(({ name, kind }) => [name, kind])).toEqual([
      ['api_key', 'secret'],
      ['model', 'text'],
      ['account', 'connection'],
      ['methods', 'choices'],
      ['rooms', 'texts'],
      ['every', 'choice'],
      ['headers', 'pairs'],
      ['body', 'long'],
    ]);
  });

  it('know what is required, its title, examples and purposes', () => {
    const [key, model, account, , rooms] = fieldsOf(SCHEMA);
    expect(key).toMatchObject({ required: true, title: 'API key' });
    expect(model).toMatchObject({ required: false, example: 'm', preset: undefined });
    expect(account?.purpose).toBe('http');
    expect(rooms?.format).toBe('channel');
  });

  it('are none where there is no object', () => {
    expect(fieldsOf(null)).toEqual([]);
  });
});

describe('pairs', () => {
  it('are typed as lines and come back', () => {
    expect(pairsOf('X-Key: a:b\nnothing\nY:2')).toEqual({ 'X-Key': 'a:b', Y: '2' });
    expect(linesOf({ 'X-Key': 'a:b', Y: '2' })).toBe('X-Key: a:b\nY: 2');
  });
});
