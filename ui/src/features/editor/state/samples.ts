/** Sample data of the steps: of a run, of a test, or pasted. It stands outside the definition and never runs. */
import { create } from 'zustand';
import type { components } from '~/api/schema';
import type { TriggerSample } from '~/forms/triggers/TriggerForm';

type Run = components['schemas']['RunDetailView'];

export interface Samples {
  /** The run that they come from. */
  run: string | null;
  /** Where `data` comes from; null: there is none. */
  source: 'run' | 'captured' | 'typed' | null;
  data: unknown;
  headers: Record<string, string>;
  query: Record<string, string>;
  outputs: Record<string, unknown>;
  inputs: Record<string, unknown>;
  errors: Record<string, string>;
  /** Which outputs come from a test in this editor. */
  tested: Record<string, true>;
}

interface Store extends Samples {
  ofRun: (run: Run) => void;
  ofTest: (step: string, rendered: unknown, output: unknown) => void;
  setData: (data: unknown) => void;
  /** A request that was captured. */
  ofCapture: (sample: TriggerSample) => void;
  reset: () => void;
}

const NONE: Samples = {
  run: null,
  source: null,
  data: undefined,
  headers: {},
  query: {},
  outputs: {},
  inputs: {},
  errors: {},
  tested: {},
};

export const useSamples = create<Store>()((set) => ({
  ...NONE,
  ofRun: (run) => set(samplesOf(run)),
  ofTest: (step, rendered, output) =>
    set(({ outputs, inputs, tested }) => ({
      inputs: { ...inputs, [step]: rendered },
      outputs: output === undefined ? outputs : { ...outputs, [step]: output },
      tested: { ...tested, [step]: true },
    })),
  setData: (data) => set({ data, source: data === undefined ? null : 'typed' }),
  ofCapture: ({ data, headers, query }) =>
    set({ run: null, source: 'captured', data, headers: texts(headers), query: texts(query) }),
  reset: () => set(NONE),
}));

export function samplesOf(run: Run): Samples {
  const found: Samples = {
    ...NONE,
    run: run.id,
    source: 'run',
    data: run.trigger_data,
    outputs: {},
    inputs: {},
    errors: {},
  };
  const context = run.trigger_context as unknown;
  if (typeof context === 'object' && context !== null && !Array.isArray(context)) {
    found.headers = texts((context as Record<string, unknown>).headers);
    found.query = texts((context as Record<string, unknown>).query);
  }
  for (const log of run.action_logs) {
    if (log.input !== null && !Object.hasOwn(found.inputs, log.step_id))
      found.inputs[log.step_id] = log.input;
    if (log.status === 'success' && !Object.hasOwn(found.outputs, log.step_id))
      found.outputs[log.step_id] = log.output;
    if (log.error) found.errors[log.step_id] = log.error;
  }
  return found;
}

function texts(value: unknown): Record<string, string> {
  if (typeof value !== 'object' || value === null) return {};
  return Object.fromEntries(Object.entries(value).filter(([, each]) => typeof each === 'string')) as Record<
    string,
    string
  >;
}
