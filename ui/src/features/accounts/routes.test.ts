import { describe, expect, it } from 'vitest';
import { ownPath } from './routes';

describe('where to go after sign-in', () => {
  it('is a path of ours', () => {
    expect(ownPath('/automations?search=x')).toBe('/automations?search=x');
  });

  it.each(['//evil.example', '/\\evil.example', 'https://evil.example', 'javascript:alert(1)', '', null])(
    'is never %s',
    (next) => {
      expect(ownPath(next)).toBeUndefined();
    },
  );
});
