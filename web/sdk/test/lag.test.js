/** The slow socket: later, in order, nothing lost. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { delayed } from '../lag.js';
import { sockets } from './world.js';

function open(ms) {
  const Real = sockets();
  const socket = new (delayed(ms, Real))('ws://host', 'proto');
  Real.last.readyState = 1;
  return { socket, real: Real.last };
}

test('without a delay it is the socket itself', () => {
  const { socket, real } = open(() => 0);
  assert.deepEqual([real.url, real.protocol], ['ws://host', 'proto']);
  const heard = [];
  socket.onmessage = ({ data }) => heard.push(data);
  socket.binaryType = 'arraybuffer';
  assert.equal(real.binaryType, 'arraybuffer');
  socket.send('a');
  real.receive('b');
  assert.deepEqual([real.sent, heard], [['a'], ['b']]);
  socket.close(1000);
  assert.equal(real.closedWith, 1000);
});

test('with a delay everything comes later, in order, also when the delay shrinks', async () => {
  let ms = 60;
  const { socket, real } = open(() => ms);
  const start = performance.now();
  const heard = await new Promise((done) => {
    const heard = [];
    socket.onmessage = ({ data }) => heard.push([data, performance.now() - start]);
    socket.onclose = () => done(heard);
    real.receive('a');
    real.receive('b');
    ms = 0;
    real.receive('c');
    real.onclose({});
    assert.deepEqual(heard, [], 'not at once');
  });
  assert.deepEqual(heard.map(([data]) => data), ['a', 'b', 'c']);
  assert.ok(heard.every(([, at]) => at >= 29), 'half of it each way');
});

test('what is sent to a socket that has ended meanwhile is dropped', async () => {
  const { socket, real } = open(() => 10);
  socket.send('late');
  real.readyState = 3;
  await new Promise((done) => {
    socket.onclose = done;
    real.onclose({});
  });
  assert.deepEqual(real.sent, []);
});
