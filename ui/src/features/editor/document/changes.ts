/** What one definition has that another has not, in a few words: for choosing between two. */
import { placesOf } from './bodies';
import { type Definition, type Step, same } from './definition';
import { containsOf, type Kinds } from './kinds';

export interface Change {
  kind: 'onlyMine' | 'onlyTheirs' | 'stepDiffers' | 'partDiffers';
  name: string;
}

const PARTS = ['name', 'description', 'trigger_type', 'trigger_config', 'policy', 'layout'] as const;

export function changesOf(theirs: Definition, mine: Definition, kinds: Kinds): Change[] {
  const there = stepsById(theirs, kinds);
  const here = stepsById(mine, kinds);
  const changes: Change[] = [];
  for (const [id, step] of here) {
    const other = there.get(id);
    if (!other) changes.push({ kind: 'onlyMine', name: id });
    else if (!same(step, other)) changes.push({ kind: 'stepDiffers', name: id });
  }
  for (const id of there.keys()) if (!here.has(id)) changes.push({ kind: 'onlyTheirs', name: id });
  for (const name of PARTS) if (!same(theirs[name], mine[name])) changes.push({ kind: 'partDiffers', name });
  return changes;
}

function stepsById(definition: Definition, kinds: Kinds): Map<string, Step> {
  return new Map(
    Array.from(placesOf(definition, kinds), ({ step }) => {
      const field = containsOf(step, kinds);
      return [step.id, field === null ? step : { ...step, config: { ...step.config, [field]: [] } }];
    }),
  );
}
