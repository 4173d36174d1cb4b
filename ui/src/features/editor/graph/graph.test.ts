import { describe, expect, it } from 'vitest';
import { idsOf } from '../document/bodies';
import { type Definition, newStep } from '../document/definition';
import { canonical } from '../testing/canonical';
import { chanceOf, definitionBy, KINDS } from '../testing/generator';
import { graphOf, OUTPUT, TRIGGER } from './graph';
import { layoutOf } from './layout';
import { neighbour } from './walking';

const SEEDS = Array.from({ length: 60 }, (_, index) => index + 1);

describe('the graph', () => {
  it('draws exits that lead nowhere to the end, error paths only where they are used', () => {
    const branch = newStep('b', 'branch', { cases: [{ name: 'yes', when: true }], else: 'no' });
    const http = { ...newStep('h', 'http', {}), needs: ['b:yes'] };
    const mend = { ...newStep('m', 'http', {}), needs: ['h:error'] };
    const { ways } = graphOf({ actions: [branch, http, mend] } as unknown as Definition, KINDS);
    expect(ways.map(({ id }) => id).sort()).toEqual(
      [`${TRIGGER}:>b`, 'b:yes>h', 'b:no>@stub:b:no', 'h:error>m', `h:>${OUTPUT}`, `m:>${OUTPUT}`].sort(),
    );
  });

  it.each(SEEDS)(
    '%i: everything is drawn once, blocks of a list lie on nothing, nothing is changed',
    (seed) => {
      const definition = definitionBy(chanceOf(seed));
      const text = canonical(definition);
      const graph = graphOf(definition, KINDS);
      const drawn = graph.blocks.filter(({ step }) => step !== null).map(({ id }) => id);
      expect(drawn.sort()).toEqual([...idsOf(definition, KINDS)].sort());
      const boxes = layoutOf(graph, {});
      for (const holder of new Set(graph.blocks.map((block) => block.holder))) {
        const here = graph.blocks.filter((block) => block.holder === holder).map(({ id }) => boxes.get(id));
        for (const [index, one] of here.entries()) {
          for (const other of here.slice(index + 1)) {
            if (!one || !other) throw new Error('a block has no place');
            const apart =
              one.x + one.width <= other.x ||
              other.x + other.width <= one.x ||
              one.y + one.height <= other.y ||
              other.y + other.height <= one.y;
            expect(apart).toBe(true);
          }
        }
      }
      for (const id of drawn)
        for (const key of ['ArrowUp', 'ArrowDown']) neighbour(definition, id, key, KINDS);
      expect(canonical(definition)).toBe(text);
    },
  );
});
