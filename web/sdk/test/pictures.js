/**
 * How many bytes a picture of 200 things leaves for the garbage collector: a program of
 * its own, because it needs a heap in which nothing is collected meanwhile.
 */

import { arena } from '../arena.js';
import { decodeServer } from '../protocol.js';
import { Session } from '../session.js';
import { ship, snapshot, welcome } from './room.js';

const PICTURES = 2000;

const entities = [{ id: 1, entity: ship(1) }];
for (let id = 2; id <= 200; id++) {
  const [x, y] = [1000 * id, 500_000 - 900 * id];
  if (id % 4) entities.push({ id, entity: { ...ship(2, x, y), vx: id, vy: -id, heading: id } });
  // Some of them the player's own, which are drawn in his time.
  else entities.push({ id, entity: { type: 'shot', x, y, vx: 900, vy: 9, player: id % 3 } });
}

const session = new Session(arena, decodeServer(arena, welcome()), 0);
const input = { controls: 1, aim: 0 };
let now = 0;

/** So many pictures in the time of one tick. */
function pictures(count) {
  let seen = 0;
  for (let i = 0; i < count; i++) seen += session.view(now + (i * 33) / count, input).things.length;
  if (seen !== 200 * count) throw new Error(`saw ${seen / count} things, not 200`);
}

// Long enough that it runs as it does after a minute of play.
for (let i = 0; i < 60; i++) {
  now += 1000 / 30;
  session.snapshot(decodeServer(arena, snapshot({ flying: 1, waiting: 1, entities })), now);
  for (let due = session.clock.advance(now); due > 0; due--) session.tick(input);
  // At first what has come is not yet drawn.
  session.view(now, input);
  if (i > 4) pictures(200);
}
globalThis.gc();
const before = process.memoryUsage().heapUsed;
pictures(PICTURES);
const grown = process.memoryUsage().heapUsed - before;
console.log(Math.round(grown / PICTURES));
