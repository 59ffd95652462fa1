/** How connections end, and how a client comes back: a fake socket, virtual time. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { REASONS } from '../reason.js';
import { THRUST, inputs, playing, start } from './playing.js';
import { Room, bye, said, snapshot, welcome } from './room.js';

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
