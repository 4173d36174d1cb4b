import { type AgentDraft, changesOf } from './draft';

export type DraftField = keyof AgentDraft;

/** Two edits of one agent, put together. */
export interface Merged {
  /** What was read, with what others saved meanwhile and with one's own changes over it. */
  draft: AgentDraft;
  /** The fields that both changed, to different values. */
  clashes: DraftField[];
}

/** What one's own `mine` and the others' `theirs` make of the `base` that both began with. */
export function merged(base: AgentDraft, theirs: AgentDraft, mine: AgentDraft): Merged {
  const own = changedFields(base, mine);
  const others = changedFields(base, theirs);
  const differing = changedFields(theirs, mine);
  const kept = Object.fromEntries(own.map((field) => [field, mine[field]]));
  return {
    draft: { ...theirs, ...kept },
    clashes: own.filter((field) => others.includes(field) && differing.includes(field)),
  };
}

function changedFields(before: AgentDraft, after: AgentDraft): DraftField[] {
  return Object.keys(changesOf(before, after)).filter((name): name is DraftField => name in after);
}
