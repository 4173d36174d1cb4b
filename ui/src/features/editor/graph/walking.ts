import type { Definition } from '../document/definition';
import type { Kinds } from '../document/kinds';
import { graphOf, TRIGGER } from './graph';

/** The block that an arrow key leads to: along the ways, or to a sibling. */
export function neighbour(definition: Definition, id: string, key: string, kinds: Kinds): string | null {
  const { ways, blocks } = graphOf(definition, kinds);
  const real = (name: string | undefined) =>
    name !== undefined && (name === TRIGGER || !name.startsWith('@')) ? name : null;
  const before = ways.filter(({ target }) => target === id).map(({ source }) => source);
  const after = ways.filter(({ source }) => source === id).map(({ target }) => target);
  const holder = blocks.find((block) => block.id === id)?.holder ?? null;
  switch (key) {
    case 'ArrowUp':
      return real(before[0]) ?? holder;
    case 'ArrowDown': {
      const inner = ways.find(({ source }) => source === `@start:${id}`)?.target;
      return real(inner) ?? after.map(real).find((each) => each !== null) ?? (holder ? outOf(holder) : null);
    }
    case 'ArrowLeft':
      return sibling(-1);
    case 'ArrowRight':
      return sibling(1);
    default:
      return null;
  }

  function outOf(loop: string): string | null {
    const next = ways.find(({ source }) => source === loop)?.target;
    return real(next);
  }

  function sibling(step: number): string | null {
    const [parent] = before;
    const same = ways.filter(({ source }) => source === parent).map(({ target }) => target);
    const unique = [...new Set(same)].filter((each) => real(each) !== null);
    return unique[unique.indexOf(id) + step] ?? null;
  }
}
