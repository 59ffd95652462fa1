/**
 * The README's first example, as it stands there, against the real server: the path of its
 * binary is in `SERVER_BINARY`. Only what a page has around it is made up.
 */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { freePort, serve, until } from './serve.js';

const binary = process.env.SERVER_BINARY;
const skip = !binary || !globalThis.WebSocket ? 'SERVER_BINARY is not set' : false;

test("the README's example plays", { skip }, async (t) => {
  const port = await freePort();
  await serve(t, binary, port);
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const example = /```js\n(.*?)```/s.exec(readme)[1];
  const here = (file) => JSON.stringify(new URL(file, import.meta.url).href);
  const code = `${example}\nexport { client };`
    .replace("'@downbeat/client/arena'", here('../arena.js'))
    .replace("'@downbeat/client'", here('../index.js'))
    .replace('localhost:4000', `127.0.0.1:${port}`);

  const said = [];
  const drawn = [];
  t.mock.method(console, 'log', (line) => said.push(line));
  let isOver = false;
  globalThis.requestAnimationFrame = (run) =>
    isOver || setTimeout(() => run(performance.now()), 16);
  globalThis.draw = (me, things) => drawn.push([me?.entity.name, things.length]);

  const { client } = await import(`data:text/javascript,${encodeURIComponent(code)}`);
  t.after(() => {
    isOver = true;
    client.close();
  });
  client.onerror = ({ error }) => assert.fail(error);
  await until('the ship is drawn', () => drawn.some(([name]) => name === 'Ada'));
  assert.match(said[0], /^player \d+ in main$/);
  await until('inputs are answered', () => client.session.applied > 10);
});
