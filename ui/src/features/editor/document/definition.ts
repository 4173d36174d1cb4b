/** The definition language as the editor holds it: what the server stores, unknown fields included. */
export interface Step {
  id: string;
  type: string;
  config: Record<string, unknown>;
  needs: string[];
  [more: string]: unknown;
}

export interface Position {
  x: number;
  y: number;
}

export interface Definition {
  name: string;
  description: string | null;
  trigger_type: string | null;
  trigger_config: Record<string, unknown>;
  actions: Step[];
  policy: Record<string, unknown>;
  layout: Record<string, Position>;
}

const FIELDS = [
  'name',
  'description',
  'trigger_type',
  'trigger_config',
  'actions',
  'policy',
  'layout',
] as const;

/** The definition in what `GET /api/automations/{id}` answers: without what belongs to the automation around it. */
export function definitionOf(detail: Record<string, unknown>): Definition {
  return Object.fromEntries(FIELDS.map((name) => [name, detail[name]])) as unknown as Definition;
}

/** Whether two values have the same canonical text; what they share is not looked at. */
export function same(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false;
  if (Array.isArray(one) || Array.isArray(other))
    return (
      Array.isArray(one) &&
      Array.isArray(other) &&
      one.length === other.length &&
      one.every((each, index) => same(each, other[index]))
    );
  const there = other as Record<string, unknown>;
  const entries = Object.entries(one).filter(([, value]) => value !== undefined);
  const others = Object.values(there).filter((value) => value !== undefined);
  return (
    entries.length === others.length &&
    entries.every(([name, value]) => Object.hasOwn(there, name) && same(value, there[name]))
  );
}

/** A step in the long form, as the server writes it out. */
export function newStep(id: string, type: string, config: Record<string, unknown>): Step {
  return {
    id,
    type,
    config,
    needs: [],
    join: 'all',
    retry: null,
    timeout_s: null,
    on_error: 'fail',
    approval_required: false,
    in_doubt: null,
  };
}

export const STEP_ID = /^[a-z][a-z0-9_]{0,39}$/;
