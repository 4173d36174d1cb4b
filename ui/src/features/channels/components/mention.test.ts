import { describe, expect, it } from 'vitest';
import { completed, fitting, handleOf, mentionAt, pieces } from './mention';

const SALES = { id: '1', handle: 'sales_pro', name: 'Sales Pro', isAgent: true };
const ADA = { id: '2', handle: 'Ada', name: 'Ada', isAgent: false };

describe('mentions', () => {
  it('begin with an @ behind a blank', () => {
    expect(mentionAt('Hello @sal', 10)).toEqual({ from: 6, word: 'sal' });
    expect(mentionAt('@', 1)).toEqual({ from: 0, word: '' });
    expect(mentionAt('ada@example', 11)).toBeNull();
    expect(mentionAt('@ada there', 10)).toBeNull();
  });

  it('find agents before people', () => {
    expect(fitting([ADA, SALES], 'a').map(({ handle }) => handle)).toEqual(['sales_pro', 'Ada']);
    expect(fitting([ADA, SALES], 'PRO').map(({ handle }) => handle)).toEqual(['sales_pro']);
  });

  it('are completed in the middle of a text', () => {
    expect(completed('Ask @sa please', 7, 'sales_pro')).toEqual({ text: 'Ask @sales_pro please', caret: 15 });
    expect(completed('no', 2, 'x')).toEqual({ text: 'no', caret: 2 });
  });

  it('are marked where they stand', () => {
    expect(pieces('@sales_pro: see (@Ada) a@b.c').map(({ text, named }) => [text, named])).toEqual([
      ['@sales_pro', true],
      [': see (', false],
      ['@Ada', true],
      [') a@b.c', false],
    ]);
  });

  it('of people have no blanks', () => {
    expect(handleOf('Ada Lovelace')).toBe('Ada_Lovelace');
  });
});
