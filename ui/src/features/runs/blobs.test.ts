import { describe, expect, it } from 'vitest';
import { blobsIn, isJson } from './blobs';

describe('files beside a run', () => {
  it('are found inside a value, with their paths', () => {
    const value = { status: 200, body: { $blob: 'b1', size: 9 }, list: [{ $blob: 'b2' }, 1] };
    expect(blobsIn(value).map(({ path, reference }) => [path, reference.$blob])).toEqual([
      ['body', 'b1'],
      ['list[0]', 'b2'],
    ]);
    expect(blobsIn({ $blob: 'all' }).map(({ path }) => path)).toEqual(['']);
    expect(blobsIn('text')).toEqual([]);
  });

  it('are JSON where they say so', () => {
    expect(isJson({ $blob: 'x', media_type: 'application/json; charset=utf-8' })).toBe(true);
    expect(isJson({ $blob: 'x', media_type: 'application/problem+json' })).toBe(true);
    expect(isJson({ $blob: 'x', media_type: 'text/plain' })).toBe(false);
    expect(isJson({ $blob: 'x', whole: true })).toBe(true);
  });
});
