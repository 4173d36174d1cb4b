import { describe, expect, it } from 'vitest';
import { asked, filterText, isFiltered, runFilter } from './search';

describe('the filter of runs', () => {
  it('is what the address says, and nothing that the API would refuse', () => {
    const id = '0199c2a4-7a1e-7cc3-9f0e-2f6d1f9f5b3a';
    const found = runFilter({ automation: id, status: 'failed', q: 'ada', span: 'day' });
    expect(found).toMatchObject({ automation: id, status: 'failed', q: 'ada', span: 'day' });
    expect(isFiltered(runFilter({ automation: 'x', status: 'lost', from: 'yesterday', q: '' }))).toBe(false);
  });

  it('has either a span or moments', () => {
    const found = runFilter({ span: 'hour', from: '2026-11-20T09:00:00Z' });
    expect([found.span, found.from]).toEqual(['hour', undefined]);
    const now = Date.parse('2026-11-20T10:00:00Z');
    expect(asked(found, now).from).toBe('2026-11-20T09:00:00.000Z');
  });

  it('is the same text whatever order it was made in', () => {
    expect(filterText({ q: 'a', status: 'failed' })).toBe(
      filterText({ status: 'failed', q: 'a', to: undefined }),
    );
  });
});
