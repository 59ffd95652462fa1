/** The connection: a fake socket at one end, virtual time. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CONTROLS, arena } from '../arena.js';
import { connect } from '../client.js';
import { DecodeError } from '../bincode.js';
import { MirrorError } from '../mirror.js';
import { SUBPROTOCOL, schemaHash } from '../protocol.js';
import { REASONS } from '../reason.js';
import * as golden from './golden.js';
import { Room, bye, pong, said, ship, snapshot, welcome } from './room.js';
import { World, sockets } from './world.js';

const THRUST = { controls: CONTROLS.THRUST, aim: 0 };

function start(options = {}, random) {
  const world = new World();
  const Socket = sockets();
  const client = connect('ws://host/ws', {
    game: arena,
    name: 'Ada',
    WebSocket: Socket,
    environment: world.environment(random),
    ...options,
  });
  const events = [];
  for (const type of ['open', 'message', 'close', 'error']) {
    client.addEventListener(type, (event) => events.push(event));
  }
  const of = (type) => events.filter((event) => event.type === type);
  return { world, Socket, client, events, of };
}

/** A client that is welcomed, and flies. */
function playing(options, random) {
  const test = start(options, random);
  test.Socket.last.open();
  test.Socket.last.receive(welcome());
  test.room = new Room();
  test.Socket.last.receive(test.room.step());
  return test;
}

function inputs(socket) {
  return socket.sent.map(said).filter(({ type }) => type === 'input');
}

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

for (const { code, label, retry } of REASONS) {
  test(`an end with ${code} ${label}: ${retry ? 'comes back' : 'stays away'}`, () => {
    const { Socket, client, world, of } = playing();
    const clean = code !== 1006;
    Socket.last.end(code, 'words', clean);
    const [close] = of('close');
    assert.equal(close.code, code);
    assert.equal(close.label, label);
    assert.equal(close.reason, 'words');
    assert.equal(close.wasClean, clean);
    assert.equal(close.willReconnect, retry);
    assert.equal(client.state, retry ? 'waiting' : 'closed');
    world.pass(60_000);
    assert.equal(Socket.all.length > 1, retry);
    if (!retry) assert.equal(world.timers, 0, 'no timer is left');
  });
}

test('one that does not want to come back does not', () => {
  const { Socket, client, world, of } = playing({ reconnect: false });
  Socket.last.end(1012);
  assert.equal(of('close')[0].willReconnect, false);
  world.pass(60_000);
  assert.equal(Socket.all.length, 1);
  assert.equal(client.state, 'closed');
});

test('a bye says why, even if its close frame is lost, and when to come back', () => {
  const { Socket, world, of } = playing({}, () => 0);
  Socket.last.receive(bye(1012, 'the server restarts', 3000));
  Socket.last.end(1006, '', false);
  const [close] = of('close');
  assert.equal(close.label, 'restarting');
  assert.equal(close.reason, 'the server restarts');
  assert.equal(close.wasClean, false);
  assert.equal(close.retryInMs, 3125);
  world.pass(3124);
  assert.equal(Socket.all.length, 1);
  world.pass(1);
  assert.equal(Socket.all.length, 2);
});

test('a server cannot ask for a pause that a timer cannot count', () => {
  const { Socket, of } = playing({}, () => 1);
  Socket.last.receive(bye(1012, 'much later', 0xffffffff));
  Socket.last.end(1012);
  assert.equal(of('close')[0].retryInMs, 600_250);
});

test('closing before the socket is open says nothing and tries nothing', () => {
  const { Socket, client, world, of } = start();
  client.close();
  Socket.last.open();
  Socket.last.onerror();
  Socket.last.end(1006);
  assert.deepEqual(Socket.last.sent, []);
  assert.deepEqual([of('open').length, of('error').length, of('close').length], [0, 0, 1]);
  world.pass(60_000);
  assert.equal(Socket.all.length, 1);
});

test('pauses grow to a limit, differ by chance, and are short again after a good connection', () => {
  const pauses = (random) => {
    const { Socket, world, of } = playing({}, random);
    for (let i = 0; i < 9; i++) {
      Socket.last.end(1006);
      world.pass(of('close').at(-1).retryInMs);
      assert.equal(Socket.all.length, i + 2, 'the next attempt is made when it was said');
    }
    Socket.last.open();
    Socket.last.receive(welcome());
    for (let i = 0; i < 6; i++) {
      world.pass(1000);
      Socket.last.receive(snapshot());
    }
    Socket.last.end(1006);
    return of('close').map(({ retryInMs }) => retryInMs);
  };
  const longest = [250, 500, 1000, 2000, 4000, 8000, 10_000, 10_000, 10_000, 250];
  assert.deepEqual(pauses(() => 1), longest);
  assert.deepEqual(pauses(() => 0), longest.map((ms) => ms / 2));
});

test('a welcome alone does not make pauses short again', () => {
  const { Socket, world, of } = playing({}, () => 1);
  for (let i = 0; i < 3; i++) {
    Socket.last.end(1011);
    world.pass(of('close').at(-1).retryInMs);
    Socket.last.open();
    Socket.last.receive(welcome());
  }
  assert.deepEqual(of('close').map(({ retryInMs }) => retryInMs), [250, 500, 1000]);
});

test('it comes back as the same player, with the newest token', () => {
  const { Socket, world, client } = playing();
  for (const resume of [8, 9]) {
    Socket.last.end(1006);
    world.pass(20_000);
    Socket.last.open();
    assert.deepEqual(said(Socket.last.sent[0]).resume, new Uint8Array(16).fill(resume - 1));
    Socket.last.receive(welcome({ resume, applied: 500 }));
  }
  assert.equal(client.resumeToken, '09'.repeat(16));
  Socket.last.receive(snapshot({ flying: 9, reset: true, entities: new Room().entities }));
  client.update(THRUST);
  assert.equal(inputs(Socket.last)[0].seq, 501, 'inputs are counted on');
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

test('when the network changes, a dead link is found sooner', (t) => {
  const window = new EventTarget();
  Object.assign(globalThis, { window });
  t.after(() => delete globalThis.window);
  const { Socket, world, of } = playing();
  world.pass(300);
  window.dispatchEvent(new Event('online'));
  assert.equal(said(Socket.last.sent.at(-1)).type, 'ping');
  world.pass(3000);
  assert.equal(of('close').length, 1);
});

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

test('close says good-bye, and once', () => {
  const { Socket, client, world, of } = playing();
  client.close();
  client.close();
  assert.equal(Socket.last.closedWith, 1000);
  assert.equal(of('close').length, 0, 'not before the server has answered');
  Socket.last.end(1000);
  assert.equal(of('close').length, 1);
  assert.equal(of('close')[0].wasClean, true);
  assert.equal(of('close')[0].willReconnect, false);
  world.pass(60_000);
  assert.equal(Socket.all.length, 1);
  assert.equal(world.timers, 0, 'no timer is left');
});

test('a good-bye that is not answered is enough after a second', () => {
  const { client, world, of } = playing();
  client.close();
  world.pass(1001);
  assert.equal(of('close')[0].wasClean, false);
  assert.equal(of('close')[0].willReconnect, false);
  assert.equal(world.timers, 0, 'no timer is left');
});

test('closing while it waits to come back ends that', () => {
  const { Socket, client, world, of } = playing();
  Socket.last.end(1012);
  client.close();
  assert.deepEqual(of('close').map(({ willReconnect }) => willReconnect), [true, false]);
  world.pass(60_000);
  assert.equal(Socket.all.length, 1);
});

test('after the good-bye what still comes is ignored', () => {
  const { Socket, client, of } = playing();
  client.close();
  const heard = of('message').length;
  Socket.last.receive(snapshot());
  Socket.last.receive([9, 9, 9]);
  assert.equal(of('message').length, heard);
  assert.equal(of('error').length, 0);
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
