/** One thing that was said in the chat with an agent. */
export interface Said {
  id: string;
  by: 'person' | 'agent';
  text: string;
  state: 'coming' | 'done' | 'waiting' | 'failed' | 'stopped';
  runId?: string;
  /** Of what failed. */
  code?: string;
  tools?: string[];
}

export interface Conversation {
  /** The agent is told the earlier turns under this name. */
  name: string;
  said: Said[];
}

const KEPT = 'vutler.agent-chat';
const MOST = 100;

export function freshName(): string {
  return `chat-${Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}

/** The conversation of this person with this agent on this device; what was on its way when the tab closed is
 * looked for where its run is known. */
export function keptConversation(userId: string, agentId: string): Conversation {
  try {
    const kept = JSON.parse(localStorage.getItem(`${KEPT}.${userId}.${agentId}`) ?? '') as Conversation;
    const said = kept.said.map((each) =>
      each.state === 'coming'
        ? { ...each, state: each.runId ? ('waiting' as const) : ('stopped' as const) }
        : each,
    );
    return { name: String(kept.name), said };
  } catch {
    return { name: freshName(), said: [] };
  }
}

export function keepConversation(userId: string, agentId: string, conversation: Conversation): void {
  const said = conversation.said.slice(-MOST);
  localStorage.setItem(`${KEPT}.${userId}.${agentId}`, JSON.stringify({ ...conversation, said }));
}

export function changedSaid(said: Said[], id: string, part: (before: Said) => Partial<Said>): Said[] {
  return said.map((each) => (each.id === id ? { ...each, ...part(each) } : each));
}
