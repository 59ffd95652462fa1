/** The page asks for all its modules at once, and for nothing that it does not need. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const WEB = new URL('../../', import.meta.url);

/** All modules that one imports, and those that these import. @param {URL} url @param {Set<string>} seen */
function modules(url, seen = new Set()) {
  const path = `/${url.href.slice(WEB.href.length)}`;
  if (seen.has(path)) return seen;
  seen.add(path);
  // TypeScript's own reader of imports; types that are only mentioned in comments are none.
  const { importedFiles } = ts.preProcessFile(readFileSync(fileURLToPath(url), 'utf8'), true, false);
  for (const { fileName } of importedFiles) modules(new URL(fileName, url), seen);
  return seen;
}

for (const page of ['arena', 'watch']) {
  test(`${page}: preloads what it imports`, () => {
    const html = readFileSync(new URL(`${page}/index.html`, WEB), 'utf8');
    const preloaded = [...html.matchAll(/rel="modulepreload" href="([^"]+)"/g)].map((found) => found[1]);
    const main = `/${page}/main.js`;
    const needed = [...modules(new URL(`${page}/main.js`, WEB))].filter((path) => path !== main);
    assert.deepEqual([...preloaded].sort(), needed.sort());
    assert.ok(needed.length > 10);
  });

  test(`${page}: nothing inline, which the policy would refuse`, () => {
    const html = readFileSync(new URL(`${page}/index.html`, WEB), 'utf8');
    assert.doesNotMatch(html, /<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)/);
    assert.doesNotMatch(html, /https?:\/\//, 'nothing from elsewhere');
  });
}
