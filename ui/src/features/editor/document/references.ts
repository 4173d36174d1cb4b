/** References to steps in templates: `{{ steps.score.output }}`, `{{ steps['score'].output }}`, `{{ steps.0.output }}`. */

const TEXT = `"(?:\\\\.|[^"\\\\])*"|'(?:\\\\.|[^'\\\\])*'`;
const TEMPLATE = new RegExp(
  `\\{\\{(?:${TEXT}|(?!\\}\\})[\\s\\S])*\\}\\}|\\{%(?:${TEXT}|(?!%\\})[\\s\\S])*%\\}`,
  'g',
);
const REFERENCE = new RegExp(
  `(?<!\\.\\s*)\\bsteps(\\s*\\.\\s*|\\s*\\[\\s*)("?'?)(\\w+)(\\2)(?=(\\s*\\])?)|${TEXT}`,
  'g',
);

/** What a name becomes; itself where it stays. */
export type Renamed = (name: string) => string;

/** A text with the names of steps in its templates changed; text outside of templates stays. */
export function renamedText(text: string, rename: Renamed): string {
  if (!text.includes('{{') && !text.includes('{%')) return text;
  return text.replace(TEMPLATE, (template) =>
    template.replace(
      REFERENCE,
      (whole: string, joint?: string, open?: string, name?: string, shut?: string) =>
        name === undefined ? whole : `steps${joint}${open}${rename(name)}${shut}`,
    ),
  );
}

/** Any JSON with the names in its templates changed; the same object where none was. */
export function renamedValue<T>(value: T, rename: Renamed): T {
  if (typeof value === 'string') return renamedText(value, rename) as T;
  if (Array.isArray(value)) {
    let touched = false;
    const after = value.map((each: unknown) => {
      const next = renamedValue(each, rename);
      touched ||= next !== each;
      return next;
    });
    return touched ? (after as T) : value;
  }
  if (typeof value === 'object' && value !== null) {
    let touched = false;
    const after = Object.fromEntries(
      Object.entries(value).map(([key, each]) => {
        const next: unknown = renamedValue(each as unknown, rename);
        touched ||= next !== each;
        return [key, next];
      }),
    );
    return touched ? (after as T) : value;
  }
  return value;
}

/** The names of steps in the templates of a value. */
export function namesIn(value: unknown): Set<string> {
  const found = new Set<string>();
  renamedValue(value, (name) => {
    found.add(name);
    return name;
  });
  return found;
}
