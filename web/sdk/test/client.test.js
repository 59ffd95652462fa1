/** What a client says, hears and draws: a fake socket at one end, virtual time. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { arena } from '../arena.js';
import { DecodeError } from '../bincode.js';
import { connect } from '../client.js';
import { SUBPROTOCOL, schemaHash } from '../protocol.js';
import * as golden from './golden.js';
import { THRUST, inputs, playing, start } from './playing.js';
import { Room, said, ship, snapshot, welcome } from './room.js';

test('the first message is the hello', () => {
  const { Socket, client } = start({ room: 'duel', token: 'secret' });
  assert.equal(Socket.last.url, 'ws://host/ws');
  assert.equal(Socket.last.protocol, SUBPROTOCOL);
  assert.equal(Socket.last.binaryType, 'arraybuffer');
  assert.equal(client.state, 'connecting');
  Socket.last.open();
  assert.deepEqual(Socket.last.sent.map(said), [
    {
      type: 'hello',
      version: 1,
      schema: schemaHash('arena/1'),
      room: 'duel',
      name: 'Ada',
      token: 'secret',
      resume: null,
    },
  ]);
});

test('events come in order, to listeners and to properties', () => {
  const { Socket, client, events } = start();
  const heard = [];
  client.onopen = ({ type }) => heard.push(type);
  client.onmessage = ({ data }) => heard.push(data.type);
  client.onclose = ({ label }) => heard.push(label);
  client.onerror = ({ error }) => heard.push(error.message);
  Socket.last.open();
  Socket.last.receive(welcome());
  assert.equal(client.state, 'playing');
  Socket.last.receive(new Room().step());
  Socket.last.receive(golden.bytes('event-kill.bin'));
  Socket.last.onerror();
  Socket.last.end(4011, 'removed by an operator');
  assert.deepEqual(heard, [
    'open',
    'welcome',
    'snapshot',
    'event',
    'the connection failed',
    'kicked',
  ]);
  assert.deepEqual(
    events.map(({ type }) => type),
    ['open', 'message', 'message', 'message', 'error', 'close'],
  );
  assert.deepEqual(events[3].data.event, { type: 'kill', victim: 'Grace' });
  assert.equal(client.state, 'closed');
});

test('a token kept from an earlier page is used, anything else is not', () => {
  for (const [resume, sent] of [
    ['0a'.repeat(16), new Uint8Array(16).fill(10)],
    ['nonsense', null],
    [null, null],
  ]) {
    const { Socket } = start({ resume });
    Socket.last.open();
    assert.deepEqual(said(Socket.last.sent[0]).resume, sent);
  }
});

test('update makes the ticks that are due, one input each', () => {
  const { Socket, client, world } = playing();
  let asked = 0;
  const pilot = () => ({ controls: 0, aim: asked++ });
  const sent = [];
  for (let i = 0; i < 60; i++) {
    sent.push(client.update(pilot));
    world.pass(1000 / 60);
    if (i % 2) Socket.last.receive(snapshot());
  }
  const made = inputs(Socket.last);
  assert.ok(made.length >= 30 && made.length <= 32, `${made.length} in a second`);
  assert.equal(asked, made.length);
  assert.deepEqual(made.map(({ seq }) => seq), made.map((_, i) => i + 1));
  assert.ok(made.every(({ tick, received }) => tick > received));
  assert.equal(sent.reduce((a, b) => a + b), made.length);
});

test('before the welcome and after the end nothing is sent', () => {
  const { Socket, client, world } = start();
  assert.equal(client.update(THRUST), 0);
  assert.equal(client.send(THRUST), false);
  assert.equal(client.view(), null);
  Socket.last.open();
  assert.equal(client.update(THRUST), 0);
  Socket.last.receive(welcome());
  Socket.last.receive(new Room().step());
  Socket.last.end(1006);
  world.pass(10);
  assert.equal(client.update(THRUST), 0);
  assert.ok(client.view().me, 'what was seen last is still to be seen');
});

test('a jammed uplink sheds inputs instead of queueing them', () => {
  const { Socket, client, world } = playing();
  Socket.last.bufferedAmount = 2000;
  const before = Socket.last.sent.length;
  for (let i = 0; i < 30; i++) {
    client.update(THRUST);
    world.pass(33);
    Socket.last.receive(snapshot());
  }
  assert.equal(Socket.last.sent.length, before);
  assert.ok(client.stats.shed >= 28);
  assert.equal(client.stats.pending, 0, 'what is not sent is not predicted');
  Socket.last.bufferedAmount = 0;
  world.pass(20);
  client.update(THRUST);
  assert.equal(inputs(Socket.last)[0].seq, 1, 'no number was spent on them');
});

test('a link that acknowledges nothing does not pile up inputs', () => {
  const { client, world } = playing();
  for (let i = 0; i < 100; i++) {
    client.update(THRUST);
    world.pass(33);
  }
  assert.ok(client.stats.pending <= 45, `${client.stats.pending} pending`);
});

test('a client that sends no inputs acknowledges what arrives', () => {
  const { Socket, client, world } = playing();
  for (let i = 0; i < 90; i++) {
    world.sleep(33);
    Socket.last.receive(snapshot());
  }
  const pings = Socket.last.sent.map(said).filter(({ type }) => type === 'ping');
  assert.ok(pings.length >= 10 && pings.length <= 20, `${pings.length} in three seconds`);
  assert.ok(client.session.mirror.tick - pings.at(-1).received <= 7);
});

test('a spectator looks on, follows whom he likes, and sends no inputs', () => {
  const { Socket, client, world } = start({ watch: true });
  client.follow(300);
  Socket.last.open();
  Socket.last.receive(welcome({ player: 0 }));
  const shot = { type: 'shot', x: 5, y: 5, vx: 900, vy: 0, player: 0 };
  const entities = [...new Room().entities, { id: 10, entity: shot }];
  Socket.last.receive(snapshot({ reset: true, entities }));
  assert.equal(client.update(THRUST), 0);
  assert.equal(client.send(THRUST), false);
  client.follow(null);
  world.pass(100);
  const sent = Socket.last.sent.map(said);
  assert.deepEqual(sent.map(({ type }) => type), ['watch', 'ping', 'follow', 'follow']);
  assert.deepEqual(sent.slice(2).map(({ player }) => player), [300, null]);
  const view = client.view();
  assert.equal(view.me, null);
  assert.deepEqual(view.things.map(({ id }) => id), [9, 10]);

  client.follow(7);
  Socket.last.end(1006);
  world.pass(1000);
  Socket.last.open();
  Socket.last.receive(welcome({ player: 0 }));
  const again = Socket.last.sent.map(said);
  assert.equal(again[0].resume, null, 'there is no player to come back to');
  assert.equal(again.at(-1).player, 7, 'he goes on following');
});

test('the meter counts bytes per second', () => {
  const { Socket, client, world } = playing();
  world.pass(1000);
  for (let i = 0; i < 10; i++) Socket.last.receive(snapshot());
  client.send(THRUST);
  world.pass(1000);
  const { bytesInPerS, bytesOutPerS, snapshots } = client.stats;
  assert.equal(bytesInPerS, 10 * snapshot().length);
  assert.ok(bytesOutPerS >= 5 && bytesOutPerS <= 40, `${bytesOutPerS} bytes out`);
  assert.equal(snapshots, 11);
});

test('without a WebSocket there is a clear error', () => {
  const global = globalThis.WebSocket;
  delete globalThis.WebSocket;
  try {
    assert.throws(() => connect('ws://host/ws', { game: arena }), /pass one as an option/);
  } finally {
    if (global) globalThis.WebSocket = global;
  }
});

test('a game of eight functions is enough', () => {
  const counter = {
    schema: 'counter/1',
    writeInput: (writer, by) => writer.i32(by),
    readEntity: (reader) => ({ count: reader.u32() }),
    writeEntity: (writer, { count }) => writer.u32(count),
    readOwn: (reader) => reader.u32(),
    readEvent: (reader) => reader.string(),
    readRules: () => null,
  };
  const { Socket, client, of } = start({ game: counter });
  Socket.last.open();
  Socket.last.receive([0, 5, 1, 0, 10, 10, 0, 0, ...new Uint8Array(16)]);
  Socket.last.receive([1, 1, 0, 0, 0, 1, 42, 0, 1, 0, 1, 0, 1, 1, 3, 200]);
  Socket.last.receive([2, 2, 104, 105]);
  assert.deepEqual(of('error'), []);
  assert.equal(client.session.own, 42);
  assert.deepEqual(client.session.mirror.get(3), { count: 200 });
  assert.equal(of('message').at(-1).data.event, 'hi');
  assert.equal(client.send(-2), true);
  assert.deepEqual([...Socket.last.sent.at(-1)], [1, 1, 3, 2, 3]);
  assert.deepEqual(client.view().things, [{ id: 3, entity: { count: 200 }, pose: [] }]);
  // A difference, in a game that has none.
  Socket.last.receive([1, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 7, 0]);
  assert.ok(of('error')[0].error instanceof DecodeError);
});

test('every entity kind is drawn', () => {
  const { Socket, client, world } = playing();
  const entities = [
    { id: 9, entity: ship(1) },
    { id: 10, entity: ship(2) },
    { id: 11, entity: { type: 'shot', x: 5, y: 5, vx: 9, vy: 9, player: 2 } },
    { id: 12, entity: { type: 'shot', x: 5, y: 5, vx: 9, vy: 9, player: 1 } },
    { id: 13, entity: { type: 'pickup', x: 5, y: 6, kind: 'rapid' } },
  ];
  for (let i = 0; i < 10; i++) {
    world.pass(33);
    Socket.last.receive(snapshot({ flying: 9, entities }));
    client.update(THRUST);
  }
  const { me, things } = client.view();
  assert.equal(me.id, 9);
  const drawn = new Map(things.map(({ id, pose }) => [id, pose]));
  assert.deepEqual([...drawn.keys()].sort((a, b) => a - b), [9, 10, 11, 12, 13]);
  assert.deepEqual(drawn.get(13), [5, 6]);
  assert.ok(things.every(({ pose }) => pose.every(Number.isFinite)));
});
