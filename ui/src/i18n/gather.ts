export type Words = { [key: string]: string | Words };

/** Catalogues by namespace: the name of their folder. */
export function gathered(files: Record<string, Words>): Record<string, Words> {
  return Object.fromEntries(
    Object.entries(files).map(([path, words]) => [path.split('/').at(-2) ?? path, words]),
  );
}
