import { useShallow } from 'zustand/react/shallow';
import { placeOf, placesOf } from '../document/bodies';
import { containsOf } from '../document/kinds';
import { type Finding, isAt, useFindingsStore, within } from '../state/findings';
import { useDefinition, useEditor } from './EditorContext';

/** Findings of a step itself, those of steps inside it left out; `at` is measured from the step. */
export function useFindingsAt(id: string): Finding[] {
  const { actions } = useEditor();
  const place = useDefinition((definition) => placeOf(definition, id, actions)?.at ?? null);
  const inside = useDefinition((definition) => {
    const step = placeOf(definition, id, actions)?.step;
    const field = step ? containsOf(step, actions) : null;
    return field === null ? null : `config.${field}`;
  });
  const all = useFindingsStore((state) => state.all);
  return all.flatMap((finding) => {
    const at = place === null ? null : within(finding.at, place);
    if (at === null || (inside !== null && at !== inside && isAt(at, inside))) return [];
    return [{ ...finding, at }];
  });
}

export function useStepFindings(id: string): string[] {
  return useFindingsAt(id).map(({ message }) => message);
}

export function useTriggerFindings(): string[] {
  return useFindingsStore(
    useShallow(({ all }) =>
      all
        .filter(({ at }) => isAt(at, 'trigger_type') || isAt(at, 'trigger_config'))
        .map(({ message }) => message),
    ),
  );
}

/** Which step a finding is about: the innermost one; null for the trigger and the automation. */
export function useStepOf(): (at: string) => { id: string; field: string } | null {
  const { draft, actions } = useEditor();
  return (at) => {
    let found: { id: string; field: string } | null = null;
    for (const place of placesOf(draft.getState().definition, actions)) {
      const rest = within(at, place.at);
      if (rest !== null) found = { id: place.step.id, field: rest.replace(/^config\.?/, '') };
    }
    return found;
  };
}
