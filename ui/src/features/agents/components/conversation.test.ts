import { beforeEach, describe, expect, it } from 'vitest';
import { changedSaid, keepConversation, keptConversation, type Said } from './conversation';

const QUESTION: Said = { id: '1', by: 'person', text: 'Hello', state: 'done' };
const ANSWER: Said = { id: '2', by: 'agent', text: 'Hel', state: 'coming' };

describe('the conversation with an agent', () => {
  beforeEach(() => localStorage.clear());

  it('is kept for one person and one agent', () => {
    keepConversation('ada', 'bot', { name: 'chat-1', said: [QUESTION] });
    expect(keptConversation('ada', 'bot')).toEqual({ name: 'chat-1', said: [QUESTION] });
    expect(keptConversation('bob', 'bot').said).toEqual([]);
  });

  it('has stopped where the tab was closed, or is looked for where its run is known', () => {
    keepConversation('ada', 'bot', { name: 'chat-1', said: [QUESTION, ANSWER] });
    expect(keptConversation('ada', 'bot').said[1]?.state).toBe('stopped');
    keepConversation('ada', 'bot', { name: 'chat-1', said: [QUESTION, { ...ANSWER, runId: 'r' }] });
    expect(keptConversation('ada', 'bot').said[1]?.state).toBe('waiting');
  });

  it('keeps the newest hundred', () => {
    const said = Array.from({ length: 130 }, (_, at) => ({ ...QUESTION, id: String(at) }));
    keepConversation('ada', 'bot', { name: 'chat-1', said });
    expect(keptConversation('ada', 'bot').said).toHaveLength(100);
    expect(keptConversation('ada', 'bot').said[99]?.id).toBe('129');
  });

  it('grows where the answer comes', () => {
    const [, answer] = changedSaid([QUESTION, ANSWER], '2', ({ text }) => ({ text: `${text}lo` }));
    expect(answer?.text).toBe('Hello');
  });
});
