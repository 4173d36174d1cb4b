import { describe, expect, it } from 'vitest';
import { blocksOf, piecesOf } from './prose';

describe('what a model writes', () => {
  it('is paragraphs, lists, code and tables', () => {
    const text =
      'Hello\nthere\n\n- one\n- two\n\n1. first\n\n```js\nlet a = 1;\n\n```\n## End\n| a | b |\n|---|---|\n| 1 | 2 |';
    expect(blocksOf(text)).toEqual([
      { kind: 'text', lines: ['Hello', 'there'] },
      { kind: 'bullets', lines: ['one', 'two'] },
      { kind: 'numbers', lines: ['first'] },
      { kind: 'code', lines: ['let a = 1;', ''] },
      { kind: 'heading', lines: ['End'] },
      {
        kind: 'table',
        rows: [
          ['a', 'b'],
          ['1', '2'],
        ],
      },
    ]); // prettier-ignore
  });

  it('is shown while it comes, with a fence that is open still', () => {
    expect(blocksOf('See:\n```\nlet')).toEqual([
      { kind: 'text', lines: ['See:'] },
      { kind: 'code', lines: ['let'] },
    ]);
  });

  it('links to web addresses alone', () => {
    expect(piecesOf('**a** `b` [c](https://d.example/e), https://f.example. [x](javascript:alert)')).toEqual([
      { at: 0, kind: 'bold', text: 'a' },
      { at: 5, kind: 'text', text: ' ' },
      { at: 6, kind: 'code', text: 'b' },
      { at: 9, kind: 'text', text: ' ' },
      { at: 10, kind: 'link', text: 'c', href: 'https://d.example/e' },
      { at: 34, kind: 'text', text: ', ' },
      { at: 36, kind: 'link', text: 'https://f.example', href: 'https://f.example' },
      { at: 53, kind: 'text', text: '. [x](javascript:alert)' },
    ]);
    expect(piecesOf('2 * 3 * 4 and snake_case__name')).toEqual([
      { at: 0, kind: 'text', text: '2 * 3 * 4 and snake_case__name' },
    ]);
  });
});
