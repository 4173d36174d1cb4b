import type { AgentDraft } from '../draft';

export interface StepProps {
  draft: AgentDraft;
  change: (part: Partial<AgentDraft>) => void;
  /** Messages by the path of what they are about: `name`, `settings.budget.run_usd`, `tools[0].settings.hosts`. */
  errors: Record<string, string>;
  /** A picture that is uploaded when the agent is saved. */
  picture: File | null;
  onPicture: (file: File | null) => void;
}
