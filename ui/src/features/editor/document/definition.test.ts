import { describe, expect, it } from 'vitest';
import { canonical } from '../testing/canonical';
import { chanceOf, definitionBy, pick } from '../testing/generator';
import { same } from './definition';

const SEEDS = Array.from({ length: 200 }, (_, index) => index + 1);

/** Every place of a value that holds something in it, with the key it stands under. */
function placesIn(value: unknown): [holder: Record<string, unknown>, key: string][] {
  if (typeof value !== 'object' || value === null) return [];
  const holder = value as Record<string, unknown>;
  return Object.keys(holder).flatMap(
    (key) => [[holder, key], ...placesIn(holder[key])] as [typeof holder, string][],
  );
}

const turned = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(turned);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, each]) => [key, turned(each)]),
  );
};

describe('two documents are the same when their canonical text is', () => {
  it.each(SEEDS)('%i: whatever the order of keys, and not after a change anywhere', (seed) => {
    const chance = chanceOf(seed);
    const one = definitionBy(chance);
    const other = turned(structuredClone(one)) as Record<string, unknown>;
    expect(same(one, other)).toBe(true);
    const [holder, key] = pick(chance, placesIn(other));
    const old = holder[key];
    const values = [undefined, null, 0, '', [], {}, { a: 1 }, [old], 'x', true];
    for (const value of values) {
      if (Array.isArray(holder) && value === undefined) continue;
      holder[key] = value;
      expect(same(one, other)).toBe(canonical(one) === canonical(other));
      expect(same(other, one)).toBe(canonical(one) === canonical(other));
    }
  });
});
