import { inside, type Json } from '~/design/treeRows';

/** What stands for a large value in an input or output: the file beside the run that holds it. */
export interface Reference {
  $blob: string;
  size?: number;
  media_type?: string;
  whole?: boolean;
}

const MOST_LOOKED_AT = 2000;

export function isReference(value: Json): value is Json & Reference {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && typeof value.$blob === 'string'
  );
}

export function isJson({ whole, media_type }: Reference): boolean {
  return whole === true || /^application\/(?:[\w.-]+\+)?json\b/.test(media_type ?? '');
}

/** The references inside a value, with their paths. A very large value is looked through in part. */
export function blobsIn(root: Json): { path: string; reference: Reference }[] {
  const found: { path: string; reference: Reference }[] = [];
  const queue: { value: Json; path: string }[] = [{ value: root, path: '' }];
  for (let at = 0; at < queue.length && at < MOST_LOOKED_AT; at++) {
    const { value, path } = queue[at] as { value: Json; path: string };
    if (typeof value !== 'object' || value === null) continue;
    if (isReference(value)) found.push({ path, reference: value });
    else if (Array.isArray(value))
      for (const [index, each] of value.slice(0, MOST_LOOKED_AT).entries())
        queue.push({ value: each, path: inside(path, index) });
    else
      for (const [name, each] of Object.entries(value)) queue.push({ value: each, path: inside(path, name) });
  }
  return found;
}
