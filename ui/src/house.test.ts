import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const LONGEST_FILE = 400;
const VAGUE = /(?:^|\/)(?:utils?|helpers?|common|managers?|misc)(?:\/|\.|$)/;

const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter(
  (name) => /\.tsx?$/.test(name) && !name.endsWith('.d.ts'),
);

describe('the house rules', () => {
  it('files can be read at one sitting', () => {
    const long = files.filter(
      (name) => readFileSync(join('src', name), 'utf8').split('\n').length > LONGEST_FILE,
    );
    expect(long).toEqual([]);
  });

  it('names say what is inside', () => {
    expect(files.filter((name) => VAGUE.test(name))).toEqual([]);
    expect(VAGUE.test('design/utils.ts')).toBe(true);
  });
});
