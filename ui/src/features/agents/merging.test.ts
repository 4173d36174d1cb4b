import { describe, expect, it } from 'vitest';
import { BLANK } from './draft';
import { merged } from './merging';

const base = { ...BLANK, name: 'Clerk', description: 'Reads.' };

describe('two edits of one agent', () => {
  it('are both kept where they touch other fields', () => {
    const { draft, clashes } = merged(base, { ...base, model: 'gpt-5' }, { ...base, description: 'Writes.' });
    expect(clashes).toEqual([]);
    expect(draft).toEqual({ ...base, model: 'gpt-5', description: 'Writes.' });
  });

  it('clash where both changed a field, and not where they agree', () => {
    const theirs = { ...base, name: 'Reader', description: 'Same.' };
    const mine = { ...base, name: 'Writer', description: 'Same.', channels: ['x'] };
    const { draft, clashes } = merged(base, theirs, mine);
    expect(clashes).toEqual(['name']);
    expect(draft).toEqual({ ...base, name: 'Writer', description: 'Same.', channels: ['x'] });
  });

  it('without one of one’s own is theirs', () => {
    const theirs = { ...base, name: 'Reader' };
    expect(merged(base, theirs, base)).toEqual({ draft: theirs, clashes: [] });
  });
});
