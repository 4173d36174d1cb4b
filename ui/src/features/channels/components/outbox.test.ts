import { describe, expect, it } from 'vitest';
import type { Message } from '../queries';
import { withMessage } from './outbox';

const said = (id: string) => ({ id, text: id }) as Message;
const pages = { pages: [{ items: [said('2'), said('1')], next_cursor: null }], pageParams: [null] };

describe('a message that has just been stored', () => {
  it('is the newest', () => {
    const [first] = withMessage(pages, said('3'))?.pages ?? [];
    expect(first?.items.map(({ id }) => id)).toEqual(['3', '2', '1']);
  });

  it('is there once', () => {
    expect(withMessage(pages, said('1'))).toBe(pages);
  });

  it('waits for the first page', () => {
    expect(withMessage(undefined, said('1'))).toBeUndefined();
  });
});
