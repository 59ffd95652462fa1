/** Dead links, hidden pages, other networks, servers that make no sense. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DecodeError } from '../bincode.js';
import { MirrorError } from '../mirror.js';
import * as golden from './golden.js';
import { THRUST, inputs, playing, start } from './playing.js';
import { bye, pong, said, snapshot, welcome } from './room.js';

test('a hidden page comes back without a burst', () => {
  const { Socket, client, world, room } = playing();
  client.update(THRUST);
  for (let i = 0; i < 300; i++) {
    world.pass(33);
    Socket.last.receive(room.step());
  }
  const before = inputs(Socket.last).length;
  assert.equal(client.update(THRUST), 1);
  assert.equal(inputs(Socket.last).length, before + 1);
  const { me, things } = client.view();
  assert.equal(me.id, 9);
  assert.equal(things.length, 1);
  assert.equal(client.session.mirror.tick, room.tick, 'it saw everything meanwhile');
});

test('a page that is hidden lets go of the controls, and one that is seen hurries', (t) => {
  const document = new EventTarget();
  const window = new EventTarget();
  Object.assign(globalThis, { document, window });
  t.after(() => {
    delete globalThis.document;
    delete globalThis.window;
  });
  const { Socket, client } = playing();
  client.update(THRUST);
  document.visibilityState = 'hidden';
  document.dispatchEvent(new Event('visibilitychange'));
  assert.deepEqual(inputs(Socket.last).at(-1).controls, 0);

  Socket.last.end(1006);
  document.visibilityState = 'visible';
  document.dispatchEvent(new Event('visibilitychange'));
  assert.equal(Socket.all.length, 2, 'at once');

  Socket.last.open();
  Socket.last.receive(welcome());
  Socket.last.receive(bye(1012, 'restarts', 5000));
  Socket.last.end(1012);
  window.dispatchEvent(new Event('online'));
  assert.equal(Socket.all.length, 2, 'but not before the server wants it');
  client.close();
  document.dispatchEvent(new Event('visibilitychange'));
  assert.equal(Socket.all.length, 2, 'and not after it was closed');
});

for (const change of ['online', 'offline']) {
  test(`when the network changes (${change}), a dead link is found sooner`, (t) => {
    const window = new EventTarget();
    Object.assign(globalThis, { window });
    t.after(() => delete globalThis.window);
    const { Socket, client, world, of } = playing();
    world.pass(300);
    assert.equal(client.silence, 300);
    window.dispatchEvent(new Event(change));
    assert.equal(said(Socket.last.sent.at(-1)).type, 'ping');
    world.pass(3000);
    assert.equal(of('close').length, 1);
  });
}

test('a link on which nothing comes is given up, and the player is taken over from it', () => {
  const { Socket, client, world, of } = playing();
  const [dead] = Socket.all;
  world.pass(4900);
  assert.equal(of('close').length, 0);
  world.pass(1500);
  const [close] = of('close');
  assert.equal(close.label, 'link_lost');
  assert.equal(close.wasClean, false);
  assert.equal(close.willReconnect, true);
  assert.equal(of('error')[0].error.message, 'nothing heard from the server');
  world.pass(1000);
  assert.equal(Socket.all.length, 2);
  assert.equal(dead.closedWith, undefined, 'closing it would be leaving');

  dead.receive(snapshot());
  assert.equal(client.state, 'connecting', 'what the dead one still says is ignored');
  Socket.last.open();
  Socket.last.receive(welcome({ resume: 8 }));
  assert.notEqual(dead.closedWith, undefined);
  dead.end(4007);
  assert.equal(client.state, 'playing');
});

test('pongs keep a link alive, and measure it', () => {
  const { Socket, client, world, of } = playing();
  for (let i = 0; i < 20; i++) {
    for (const { length } = Socket.last.sent; Socket.last.sent.length === length; ) world.pass(1);
    const ping = said(Socket.last.sent.at(-1));
    assert.equal(ping.type, 'ping');
    world.pass(40);
    Socket.last.receive(pong(ping.nonce));
    Socket.last.receive(pong(ping.nonce + 99));
  }
  assert.equal(of('close').length, 0);
  assert.equal(client.stats.rtt, 40);
});

test('a machine that slept is not taken for a dead link', () => {
  const { Socket, world, of } = playing();
  world.sleep(60_000);
  Socket.last.receive(snapshot());
  world.pass(2000);
  assert.equal(of('close').length, 0);
});

test('a server that does not welcome is given up', () => {
  const { Socket, world, of } = start();
  Socket.last.open();
  world.pass(11_500);
  assert.equal(of('error')[0].error.message, 'no welcome in time');
  assert.equal(of('close')[0].willReconnect, true);
  assert.notEqual(Socket.all[0].closedWith, undefined, 'there is no player to lose');
});

test('a server that cannot be reached is tried again', () => {
  const { Socket, world, of } = start();
  for (let i = 0; i < 4; i++) {
    Socket.last.onerror();
    Socket.last.end(1006);
    world.pass(10_000);
  }
  assert.equal(Socket.all.length, 5);
  assert.equal(of('error').length, 4);
});

test('a socket that fails without closing is closed', () => {
  const { Socket, world, of } = start();
  Socket.last.onerror();
  assert.equal(of('close').length, 0, 'it has its chance');
  world.pass(0);
  assert.equal(of('close')[0].willReconnect, true);
  Socket.last.onclose({ code: 1006, reason: '', wasClean: false });
  assert.equal(of('close').length, 1, 'once');
});

for (const [what, bytes, type] of [
  ['bytes that are no message', [9, 9, 9], DecodeError],
  ['a snapshot with a wrong checksum', snapshot({ checksum: 1 }), MirrorError],
  ['text', 'hello', TypeError],
]) {
  test(`${what}: an error, then a new connection with the token`, () => {
    const { Socket, client, world, of } = playing();
    Socket.last.receive(bytes);
    assert.ok(of('error')[0].error instanceof type, of('error')[0].error);
    assert.equal(of('close')[0].willReconnect, true);
    assert.equal(Socket.all[0].closedWith, undefined);
    world.pass(1000);
    Socket.last.open();
    assert.notEqual(said(Socket.last.sent[0]).resume, null);
    Socket.last.receive(welcome());
    assert.equal(client.state, 'playing');
    assert.notEqual(Socket.all[0].closedWith, undefined);
  });
}

test('a snapshot before the welcome is an error', () => {
  const { Socket, of } = start();
  Socket.last.open();
  Socket.last.receive(snapshot());
  assert.equal(of('error').length, 1);
});

test('whatever a server sends, nothing is thrown and it comes back', () => {
  const below = golden.numbers(3);
  // But for a bye, which it would believe.
  const samples = golden
    .json('manifest.json')
    .filter(({ kind }) => kind !== 'Bye')
    .map(({ file }) => golden.bytes(file));
  const { Socket, world, client } = playing();
  for (let i = 0; i < 5000; i++) {
    const bytes = [...samples[below(samples.length)]];
    bytes[below(bytes.length)] = below(256);
    if (Socket.last.readyState === 0) {
      Socket.last.open();
      Socket.last.receive(welcome());
    }
    Socket.last.receive(bytes);
    client.update(THRUST);
    client.view();
    world.pass(client.state === 'waiting' ? 10_000 : 10);
    assert.notEqual(client.state, 'closed');
  }
});
