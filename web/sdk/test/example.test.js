/**
 * The example of a game of one's own against the server's: the path of its binary is in
 * `TUG_BINARY`. Without it, or in a Node without WebSocket, it is skipped.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tug } from '../examples/tug.js';
import { connect } from '../index.js';
import { freePort, serve, until } from './serve.js';

const binary = process.env.TUG_BINARY;
const skip = !binary || !globalThis.WebSocket ? 'TUG_BINARY is not set' : false;

test('two players pull, both see the rope, and one side wins', { skip }, async (t) => {
  const port = await freePort();
  await serve(t, binary, port);
  const won = [];
  const players = [0, 1].map((i) => {
    const client = connect(`ws://127.0.0.1:${port}/ws`, { game: tug });
    t.after(() => client.close());
    client.onmessage = ({ data }) => data.type === 'event' && won.push([i, data.event.won]);
    client.onerror = ({ error }) => assert.fail(error);
    return client;
  });
  const rope = (client) => client.view()?.things[0]?.entity.steps;
  const ready = () => players.every((client) => client.session?.own && rope(client) === 0);
  await until('both are in', ready);
  const left = players.findIndex(({ session }) => session.own.side === 'left');
  const sides = players.map(({ session }) => session.own.side);
  assert.deepEqual([...sides].sort(), ['left', 'right']);

  for (let steps = 1; steps < 10; steps++) {
    assert.equal(players[left].send('pull'), true);
    await until('both see it', () => players.every((client) => rope(client) === -steps));
  }
  players[left].send('pull');
  await until('both are told', () => won.length === 2);
  assert.deepEqual(won.sort(), [[0, 'left'], [1, 'left']]);
  await until('it begins anew', () => players.every((client) => rope(client) === 0));
});
