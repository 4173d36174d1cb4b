import { describe, expect, it } from 'vitest';
import { fieldsOf, fieldsOfValue, typedOf, valuesOf } from './formFields';

const WORDS = { missing: 'missing', noNumber: 'no number', noJson: 'no JSON' };
const FORM = {
  type: 'object',
  required: ['eur'],
  properties: {
    eur: { type: 'integer', title: 'Amount', minimum: 1 },
    level: { enum: ['low', 'high'] },
    notes: { type: 'string', maxLength: 500 },
    urgent: { type: 'boolean', default: true },
    tags: { type: 'array', items: { type: 'string' } },
  },
};

describe('the form of a question', () => {
  const fields = fieldsOf(FORM);

  it('has a field for each property, of its kind', () => {
    expect(fields.map(({ label, kind, required }) => [label, kind, required])).toEqual([
      ['Amount', 'number', true],
      ['level', 'choice', false],
      ['notes', 'long', false],
      ['urgent', 'switch', false],
      ['tags', 'json', false],
    ]);
    expect(fieldsOf(null)).toEqual([]);
  });

  it('gives the values in their types, and says what is wrong', () => {
    const typed = { ...typedOf(fields), eur: '20', level: '"high"', tags: '["a"]' };
    expect(valuesOf(fields, typed, WORDS)).toEqual({
      values: { eur: 20, level: 'high', urgent: true, tags: ['a'] },
      errors: {},
    });
    expect(valuesOf(fields, { ...typed, eur: '', tags: '[' }, WORDS).errors).toEqual({
      eur: 'missing',
      tags: 'no JSON',
    });
  });

  it('gives an input back as it was when nothing was changed', () => {
    const input = { to: 'ada@example.org', text: '', count: 2, html: null, deep: { a: [1] }, on: false };
    const own = fieldsOfValue(input);
    expect(valuesOf(own, typedOf(own), WORDS)).toEqual({ values: input, errors: {} });
  });
});
