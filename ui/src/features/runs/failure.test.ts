import { describe, expect, it } from 'vitest';
import { configIn, failureOf } from './failure';

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
    expect(failureOf({ input: null, output: null, error: 'config.url: this is no URL.' }).field?.path).toBe(
      'config.url',
    );
    expect(failureOf({ input: null, output: null, error: 'It broke.' }).field).toBe(null);
  });

  it('finds the template that could not be filled in, wherever it stands', () => {
    const actions = [
      { id: 'each', config: { steps: [{ id: 'send', config: { to: [{ mail: 'To {{ item.mail }}' }] } }] } },
    ];
    const error = "{{ item.mail }}: item has no field 'mail'.";
    expect(failureOf({ input: null, output: null, error }, configIn(actions, 'send')).field).toEqual({
      path: 'config.to[0].mail',
      value: 'To {{ item.mail }}',
    });
  });

  it('finds what an answer complains of in what was sent', () => {
    const found = failureOf({
      input: { url: 'https://x.test', json: { order: { total: '12,50', who: 'Ada' } } },
      output: null,
      error: 'The server answered with status 422: {"error":"total must be a number"}',
    });
    expect(found.field).toEqual({ path: 'json.order.total', value: '12,50' });
    expect(found.sent?.name).toBe('json');
  });
});
