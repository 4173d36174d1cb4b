// Writes the compressed twins that the API serves: .br and .gz beside each text file of the build.
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const TEXT = /\.(?:js|css|html|svg|json)$/;
const SMALLEST = 1024; // bytes; below it the headers cost more than is saved

for (const entry of await readdir('dist', { recursive: true, withFileTypes: true })) {
  const file = join(entry.parentPath, entry.name);
  if (!entry.isFile() || !TEXT.test(file)) continue;
  const content = await readFile(file);
  if (content.length < SMALLEST) continue;
  const quality = content.length > 1_000_000 ? 7 : 10;
  await writeFile(
    `${file}.br`,
    brotliCompressSync(content, { params: { [constants.BROTLI_PARAM_QUALITY]: quality } }),
  );
  await writeFile(`${file}.gz`, gzipSync(content, { level: 9 }));
}
