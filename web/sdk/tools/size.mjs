/** How large the package is for a browser: minified, then compressed; fails beyond the limit. */

import { build } from 'esbuild';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const LIMIT = 20_000;

const { outputFiles } = await build({
  entryPoints: [fileURLToPath(new URL('../index.js', import.meta.url))],
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2022',
  write: false,
});
const code = outputFiles[0].contents;
const size = gzipSync(code, { level: 9 }).length;
console.log(`${code.length} bytes minified, ${size} with gzip (limit ${LIMIT})`);
process.exitCode = size > LIMIT ? 1 : 0;
