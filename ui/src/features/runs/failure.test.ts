import { describe, expect, it } from 'vitest';
import { failureOf } from './failure';

describe('why a step failed', () => {
  it('names the request and what came back', () => {
    const found = failureOf({
      input: { method: 'POST', url: 'https://crm.example.com/leads' },
      output: { status: 503, body: { message: 'down' } },
      error: 'The answer was 503.',
    });
    expect(found).toMatchObject({
      request: 'POST https://crm.example.com/leads',
      status: 503,
      response: { message: 'down' },
    });
  });

  it('takes the status from the sentence where no answer is recorded', () => {
    expect(
      failureOf({ input: { url: 'https://x.test' }, output: null, error: 'It answered 404.' }).status,
    ).toBe(404);
    expect(failureOf({ input: { value: 1 }, output: null, error: 'More than 404 items.' }).status).toBe(null);
  });

  it('names the field where the sentence does', () => {
    expect(failureOf({ input: null, output: null, error: 'config.url: this is no URL.' }).field).toBe(
      'config.url',
    );
    expect(failureOf({ input: null, output: null, error: 'It broke.' }).field).toBe(null);
  });
});
