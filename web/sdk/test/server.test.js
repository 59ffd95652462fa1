/**
 * Against the real server: the path of its binary is in `SERVER_BINARY`. Without it, or
 * in a Node without WebSocket, these are skipped.
 */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { CONTROLS, arena } from '../arena.js';
import { connect } from '../client.js';
import { delayed } from '../lag.js';
import { freePort, serve, until } from './serve.js';

const binary = process.env.SERVER_BINARY;
const skip = !binary || !globalThis.WebSocket ? 'SERVER_BINARY is not set' : false;

/** A client that plays until the test is over, and remembers what happened. */
function play(t, port, options = {}) {
  const client = connect(`ws://127.0.0.1:${port}/ws`, { game: arena, name: 'Ada', ...options });
  const heard = { welcomes: [], closes: [], errors: [], snapshots: 0, checksums: 0 };
  client.onmessage = ({ data }) => {
    if (data.type === 'welcome') heard.welcomes.push(data);
    if (data.type === 'snapshot') heard.snapshots += 1;
    if (data.type === 'snapshot' && data.checksum !== null) heard.checksums += 1;
  };
  client.onclose = (event) => heard.closes.push(event);
  client.onerror = ({ error }) => heard.errors.push(error);
  let controls = 0;
  const timer = setInterval(() => {
    client.update({ controls, aim: 0 });
    client.view();
  }, 16);
  t.after(() => {
    clearInterval(timer);
    client.close();
  });
  return { client, heard, hold: (held) => (controls = held) };
}

test('it joins, flies, and sees what the server shows', { skip }, async (t) => {
  const port = await freePort();
  await serve(t, binary, port);
  const { client, heard, hold } = play(t, port, { WebSocket: delayed(() => 80) });
  await until('it flies', () => client.view()?.me);
  const { x, y } = client.view().me.entity;
  hold(CONTROLS.THRUST | CONTROLS.FIRE);
  await until('three checksums', () => heard.checksums >= 3);
  hold(CONTROLS.LEFT | CONTROLS.BRAKE);
  await until('six checksums', () => heard.checksums >= 6);
  assert.deepEqual(heard.errors, []);
  const truth = client.session.mirror.get(client.session.myId);
  assert.ok(!truth || truth.x !== x || truth.y !== y, 'the server moved the ship');
  assert.ok(client.stats.rtt >= 80, `a round trip of ${client.stats.rtt} ms`);
  client.close();
  await until('the good-bye', () => heard.closes.length > 0);
  assert.equal(heard.closes[0].code, 1000);
  assert.equal(heard.closes[0].wasClean, true);
});

test('a second page with the token takes the player over', { skip }, async (t) => {
  const port = await freePort();
  await serve(t, binary, port);
  const first = play(t, port);
  await until('the first flies', () => first.client.view()?.me);
  const second = play(t, port, { resume: first.client.resumeToken });
  await until('the first is ended', () => first.heard.closes.length > 0);
  await until('the second is told', () => second.heard.snapshots > 0);
  assert.equal(first.heard.closes[0].label, 'taken_over');
  assert.equal(first.heard.closes[0].willReconnect, false);
  assert.equal(second.heard.welcomes[0].player, first.heard.welcomes[0].player);
});

test('a spectator sees everything, or what a player sees', { skip }, async (t) => {
  const port = await freePort();
  await serve(t, binary, port);
  const player = play(t, port);
  await until('he flies', () => player.client.view()?.me);
  const { client, heard } = play(t, port, { watch: true });
  const everything = 40;
  await until('he sees everything', () => client.stats.entities > everything);
  client.follow(player.heard.welcomes[0].player);
  await until('he sees less', () => client.stats.entities < everything);
  client.follow(null);
  await until('he sees everything again', () => client.stats.entities > everything);
  assert.deepEqual(heard.errors, []);
  assert.equal(client.view().me, null);
});

test('it comes back after a restart', { skip }, async (t) => {
  const port = await freePort();
  const old = await serve(t, binary, port);
  const { client, heard } = play(t, port);
  await until('it flies', () => client.view()?.me);
  old.kill('SIGTERM');
  await once(old, 'exit');
  await until('it was told', () => heard.closes.length > 0);
  assert.equal(heard.closes[0].label, 'restarting');
  assert.equal(heard.closes[0].wasClean, true);
  assert.equal(heard.closes[0].willReconnect, true);
  await serve(t, binary, port);
  await until('it is back', () => heard.welcomes.length === 2, 30_000);
  await until('it flies again', () => client.view()?.me);
});
