import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { words as en } from './en';
import { words as fr } from './fr';
import type { Words } from './gather';

const PLURAL = /_(?:zero|one|two|few|many|other)$/;

function keys(words: Words, before = ''): string[] {
  return Object.entries(words).flatMap(([name, value]) =>
    typeof value === 'string' ? [before + name.replace(PLURAL, '')] : keys(value, `${before}${name}.`),
  );
}

function texts(words: Words): string[] {
  return Object.values(words).flatMap((value) => (typeof value === 'string' ? [value] : texts(value)));
}

const sources = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.tsx?$/.test(name) && !/\.(?:test|d)\.ts/.test(name))
  .map((name) => readFileSync(join('src', name), 'utf8'))
  .join('\n');

/** A key is used when it stands in quotes, or when a template makes it: `status.${status}`. */
function isUsed(key: string, source: string): boolean {
  const last = key.lastIndexOf('.');
  return source.includes(`'${key}'`) || (last > 0 && source.includes(`\`${key.slice(0, last)}.\${`));
}

describe('the catalogues', () => {
  it('have the same features in both languages', () => {
    expect(Object.keys(fr).sort()).toEqual(Object.keys(en).sort());
  });

  for (const [namespace, catalogue] of Object.entries(en)) {
    const french = fr[namespace] as Words;

    it(`${namespace} has every key in both languages`, () => {
      expect([...new Set(keys(french))].sort()).toEqual([...new Set(keys(catalogue))].sort());
    });

    it(`${namespace} has no key that nobody uses`, () => {
      expect(keys(catalogue).filter((key) => !isUsed(key, sources))).toEqual([]);
    });

    it(`${namespace} fills the same values in both languages`, () => {
      const filled = (words: Words) => [
        ...new Set(texts(words).flatMap((text) => text.match(/\{\{\w+\}\}/g) ?? [])),
      ];
      expect(filled(french).sort()).toEqual(filled(catalogue).sort());
    });
  }

  it('notice an unused key', () => {
    expect(isUsed('status.gone', "t('status.other')")).toBe(false);
  });
});
