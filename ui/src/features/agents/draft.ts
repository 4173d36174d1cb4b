import type { components } from '~/api/schema';
import type { Agent } from './queries';

type Body = components['schemas']['AgentBody'];
type Settings = components['schemas']['AgentSettings'];
export type Tool = components['schemas']['GivenTool'];

/** What somebody sets of an agent, in the builder and in its edit form. */
export interface AgentDraft {
  name: string;
  avatar: string | null;
  description: string;
  instructions: string;
  /** A connection's id; null: the workspace's default. */
  provider: string | null;
  model: string | null;
  settings: Settings;
  channels: string[];
  email: components['schemas']['AgentMail'] | null;
  tools: Tool[];
}

export const STEPS = ['identity', 'model', 'channels', 'tools', 'review'] as const;
export type Step = (typeof STEPS)[number];

const KEPT = 'vutler.agent-draft';

export const BLANK: AgentDraft = {
  name: '',
  avatar: '🤖',
  description: '',
  instructions: '',
  provider: null,
  model: null,
  settings: { answer_bots: false, max_tokens: 4096, timeout_s: 60, while_busy: 'queue', budget: budget() },
  channels: [],
  email: null,
  tools: [],
};

function budget(): components['schemas']['Budget'] {
  return { run_usd: 1, day_usd: null, requests: 20, tokens: 200_000, tool_calls: 20 };
}

export function draftOf(agent: Agent): AgentDraft {
  const { name, avatar, description, instructions, provider, model, settings, channels, email, tools } =
    agent;
  return { name, avatar, description, instructions, provider, model, settings, channels, email, tools };
}

/** As the API takes it. A picture is uploaded by itself, so its address is not sent. */
export function bodyOf(draft: AgentDraft): Body {
  const { avatar, ...rest } = draft;
  const body: Body = { ...rest, name: draft.name.trim(), model: draft.model || null };
  return isPicture(avatar) ? body : { ...body, avatar };
}

/** What of it differs from `before`, so that an edit changes nothing else. */
export function changesOf(before: AgentDraft, after: AgentDraft): Partial<Body> {
  const [old, now] = [bodyOf(before), bodyOf(after)];
  const names = Object.keys(now) as (keyof Body)[];
  return Object.fromEntries(
    names
      .filter((name) => JSON.stringify(old[name]) !== JSON.stringify(now[name]))
      .map((name) => [name, now[name]]),
  );
}

export function isPicture(avatar: string | null): boolean {
  return avatar?.startsWith('/api/') ?? false;
}

/** The step of the builder that a finding of the API belongs to. */
export function stepOf(at: string): Step {
  const field = at.replace(/^body\./, '').split(/[.[]/)[0] ?? '';
  if (['provider', 'model', 'settings'].includes(field)) return 'model';
  if (['channels', 'email'].includes(field)) return 'channels';
  return field === 'tools' ? 'tools' : 'identity';
}

/** The draft of this workspace that was not deployed yet. */
export function keptDraft(workspace: string): AgentDraft | null {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(`${KEPT}.${workspace}`) ?? 'null');
    return typeof kept === 'object' && kept !== null ? { ...BLANK, ...(kept as Partial<AgentDraft>) } : null;
  } catch {
    return null;
  }
}

export function keepDraft(workspace: string, draft: AgentDraft): void {
  if (JSON.stringify(draft) === JSON.stringify(BLANK)) forgetDraft(workspace);
  else localStorage.setItem(`${KEPT}.${workspace}`, JSON.stringify(draft));
}

export function forgetDraft(workspace: string): void {
  localStorage.removeItem(`${KEPT}.${workspace}`);
}
