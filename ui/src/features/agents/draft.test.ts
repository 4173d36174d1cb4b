import { beforeEach, describe, expect, it } from 'vitest';
import { BLANK, bodyOf, changesOf, forgetDraft, keepDraft, keptDraft, stepOf } from './draft';

const SUPPORT = { ...BLANK, name: ' Support ', instructions: 'Answer.', tools: [] };

describe('what is sent', () => {
  it('is trimmed, and holds an emoji but no picture', () => {
    expect(bodyOf(SUPPORT)).toMatchObject({ name: 'Support', avatar: '🤖' });
    expect(bodyOf({ ...SUPPORT, avatar: '/api/files/1/content' })).not.toHaveProperty('avatar');
  });

  it('of an edit is what changed alone', () => {
    expect(changesOf(SUPPORT, SUPPORT)).toEqual({});
    const settings = { ...SUPPORT.settings, temperature: 0.2 };
    expect(changesOf(SUPPORT, { ...SUPPORT, model: 'm', settings })).toEqual({ model: 'm', settings });
    expect(changesOf({ ...SUPPORT, provider: 'x' }, SUPPORT)).toEqual({ provider: null });
  });
});

describe('findings', () => {
  it('belong to a step', () => {
    expect(stepOf('tools[0].settings.connection')).toBe('tools');
    expect(stepOf('settings.budget.run_usd')).toBe('model');
    expect(stepOf('email.inbox')).toBe('channels');
    expect(stepOf('body.name')).toBe('identity');
  });
});

describe('the kept draft', () => {
  beforeEach(() => localStorage.clear());

  it('is of one workspace, and gone when it is blank or deployed', () => {
    keepDraft('a', SUPPORT);
    expect(keptDraft('a')).toEqual(SUPPORT);
    expect(keptDraft('b')).toBeNull();
    keepDraft('a', BLANK);
    expect(keptDraft('a')).toBeNull();
    keepDraft('a', SUPPORT);
    forgetDraft('a');
    expect(keptDraft('a')).toBeNull();
  });

  it('is not trusted to be whole', () => {
    localStorage.setItem('vutler.agent-draft.a', '{"name": "Half"}');
    expect(keptDraft('a')).toEqual({ ...BLANK, name: 'Half' });
    localStorage.setItem('vutler.agent-draft.a', '{');
    expect(keptDraft('a')).toBeNull();
  });
});
