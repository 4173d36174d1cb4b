// Writes src/api/schema.d.ts from the OpenAPI schema on stdin; with --check, fails when it is not what is there.
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { json } from 'node:stream/consumers';
import openapi, { astToString } from 'openapi-typescript';

const FILE = 'src/api/schema.d.ts';

// Types alone are wanted: without examples and prose, and without the refusals, which are all problems.
function bare(node, inside = '') {
  if (Array.isArray(node)) return node.map((each) => bare(each));
  if (node === null || typeof node !== 'object') return node;
  const names = inside === 'properties' || inside === 'schemas' || inside === 'paths';
  if (node.type === 'object' && !node.properties && node.additionalProperties === undefined && !names) {
    return { type: 'object', additionalProperties: true };
  }
  const kept = Object.entries(node).filter(
    ([name]) =>
      names ||
      !(
        ['example', 'examples', 'title', 'summary', 'description'].includes(name) ||
        (inside === 'responses' && /^[45]/.test(name))
      ),
  );
  return Object.fromEntries(kept.map(([name, value]) => [name, bare(value, names ? '' : name)]));
}

const schema = bare(await json(process.stdin));
delete schema.info;
const hash = createHash('sha256').update(JSON.stringify(schema)).digest('hex');
const head = `// Made by \`make schema\`, from the OpenAPI schema ${hash}.\n`;

if (process.argv.includes('--check')) {
  if (!readFileSync(FILE, 'utf8').startsWith(head)) {
    console.error(`ui/${FILE} is not of this API any more: run make schema`);
    process.exit(1);
  }
} else {
  const types = await openapi({ ...schema, info: { title: 'Vutler', version: '0' } });
  writeFileSync(FILE, head + astToString(types));
}
