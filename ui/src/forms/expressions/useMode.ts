import { useState } from 'react';
import { isTemplate } from '../values';
import { template } from './drag';

interface Kept {
  fixed?: unknown;
  expression?: unknown;
}

/** Both texts of a field by its id: switching to and fro, or leaving the page of the field, loses neither. */
const kept = new Map<string, Kept>();
const MOST = 500;

function keep(id: string, change: Kept): void {
  const before = kept.get(id);
  kept.delete(id);
  kept.set(id, { ...before, ...change });
  if (kept.size > MOST) kept.delete(kept.keys().next().value ?? '');
}

/** Another document has fields of the same ids. */
export function forgetModes(): void {
  kept.clear();
}

interface Wanted {
  id: string;
  value: unknown;
  onChange: (next: unknown) => void;
  isText: boolean;
  enabled: boolean;
}

/** Whether a field is fixed or an expression. It follows its value: text with `{{ }}` is an expression. */
export function useMode({ id, value, onChange, isText, enabled }: Wanted) {
  const [state, setState] = useState({ expression: isTemplate(value), seen: value });
  let { expression } = state;
  if (value !== state.seen) {
    if (isTemplate(value)) expression = true;
    else if (value !== undefined && typeof value !== 'string') expression = false;
    setState({ expression, seen: value });
  }
  const show = (next: boolean) => setState({ expression: next, seen: value });
  return {
    now: enabled && expression ? ('expression' as const) : ('fixed' as const),
    toggle() {
      if (expression) {
        if (typeof value === 'string' || value === undefined) keep(id, { expression: value });
        show(false);
        const before = kept.get(id)?.fixed;
        if (isTemplate(value)) onChange(before);
        else if (!isText && typeof value === 'string') onChange(before);
      } else {
        keep(id, { fixed: value });
        show(true);
        const before = kept.get(id)?.expression;
        if (before !== undefined) onChange(before);
      }
    },
    /** A value was dropped here or chosen for it. */
    insert(path: string) {
      const before = typeof value === 'string' && (isText || expression) ? value : '';
      if (!expression) keep(id, { fixed: value });
      show(true);
      onChange(before + template(path));
    },
  };
}
