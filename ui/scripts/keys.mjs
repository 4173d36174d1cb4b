// Writes src/i18n/resources.d.ts: the namespaces (a folder of src/features each, and two beside them) and their English keys, for tsc.
import { existsSync, readdirSync, writeFileSync } from 'node:fs';

const names = readdirSync('src/features')
  .filter((name) => existsSync(`src/features/${name}/en.json`))
  .sort();
const lines = [
  `  app: typeof import("../app/en.json");`,
  `  forms: typeof import("../forms/en.json");`,
  ...names.map((name) => `  ${name}: typeof import("../features/${name}/en.json");`),
];
writeFileSync(
  'src/i18n/resources.d.ts',
  `// Made by scripts/keys.mjs.\nexport interface Resources {\n${lines.join('\n')}\n}\n`,
);
