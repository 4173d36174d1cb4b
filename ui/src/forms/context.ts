import { createContext, useContext } from 'react';
import type { JsonSchema } from './schema';

/** A value that a field may name: `steps.a.output.id`. */
export interface Suggestion {
  path: string;
  label: string;
  example?: unknown;
}

/** What `{{ }}` is filled from in previews, and what completion offers. */
export interface Expressions {
  sample: unknown;
  paths: Suggestion[];
}

export interface Finding {
  at: string;
  message: string;
  severity?: 'error' | 'warning';
}

/** What every field of a form knows. */
export interface FormState {
  root: JsonSchema;
  idPrefix: string;
  findings: Finding[];
  expressions: Expressions | null;
  readOnly: boolean;
  /** Secrets at the top that are kept when nothing is typed. */
  kept: readonly string[];
  /** Say of this place what is wrong with it, from now on. */
  touch: (at: string) => void;
}

export const FormContext = createContext<FormState | null>(null);

export function useForm(): FormState {
  const state = useContext(FormContext);
  if (!state) throw new Error('A field stands in a SchemaForm.');
  return state;
}

/** The findings at a place itself. */
export function findingsAt(findings: Finding[], at: string): Finding[] {
  return findings.filter((each) => each.at === at);
}

/** Whether something is wrong at a place or inside it. */
export function isWithin(found: string, at: string): boolean {
  return found === at || found.startsWith(`${at}.`) || found.startsWith(`${at}[`);
}
