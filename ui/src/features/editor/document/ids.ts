import { STEP_ID } from './definition';

/** An id for a new step, such as `http`, `http_2`. */
export function freeId(wish: string, taken: ReadonlySet<string>): string {
  const base = asId(wish);
  if (!taken.has(base)) return base;
  const stem = base.replace(/_\d+$/, '');
  for (let number = 2; ; number++) {
    const id = `${stem.slice(0, 39 - String(number).length)}_${number}`;
    if (!taken.has(id)) return id;
  }
}

/** An id that somebody may have meant: letters, digits and `_`, begun by a letter. */
export function asId(text: string): string {
  const plain = text
    .normalize('NFD')
    .replace(/[̀-ͯ]/g, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^[_0-9]+/, '')
    .slice(0, 40)
    .replace(/_+$/, '');
  return STEP_ID.test(plain) ? plain : 'step';
}
