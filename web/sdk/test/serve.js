/** Real servers, for the tests that play on them. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** A port that was free a moment ago. */
export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** A server, until the test is over. */
export async function serve(t, binary, port) {
  const bind = ['--bind', `127.0.0.1:${port}`, '--log', 'error'];
  const server = spawn(binary, bind, { stdio: ['ignore', 'ignore', 'inherit'] });
  t.after(() => server.kill('SIGKILL'));
  await until('the server answers', () =>
    fetch(`http://127.0.0.1:${port}/healthz`).then(({ ok }) => ok, () => false),
  );
  return server;
}

/** Waits until something holds. */
export async function until(what, is, ms = 15_000) {
  const end = Date.now() + ms;
  while (!(await is())) {
    assert.ok(Date.now() < end, `it did not happen in time: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
