/** The client's pace. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TickClock } from '../clock.js';

test('the clock keeps the rate', () => {
  const clock = new TickClock(30, 30, 0);
  let ticks = 0;
  for (let now = 0; now <= 10_000; now += 7) ticks += clock.advance(now);
  assert.ok(Math.abs(ticks - 300) <= 2, `${ticks} ticks in ten seconds`);
});

test('after a long pause ticks are skipped and not made up for', () => {
  const clock = new TickClock(20, 20, 0);
  clock.advance(0);
  assert.equal(clock.advance(60_000), 1);
  assert.equal(clock.skipped, 1199);
  assert.equal(clock.advance(60_150), 3, 'a short one is made up for');
  assert.equal(clock.advance(50_000), 0, 'time does not run backwards');
});

test('at every tick rate 30 pictures a second are enough', () => {
  for (const rate of [1, 20, 30, 60, 128, 240]) {
    const clock = new TickClock(rate, rate, 0);
    let ticks = 0;
    for (let picture = 0; picture <= 300; picture++) ticks += clock.advance((picture * 1000) / 30);
    assert.equal(clock.skipped, 0, `at ${rate} Hz`);
    assert.ok(Math.abs(ticks - 10 * rate - 1) <= 1, `${ticks} ticks at ${rate} Hz`);
  }
});

test('a backlog at the server is worked off', () => {
  const clock = new TickClock(30, 30, 0);
  let waiting = 12;
  for (let tick = 0; tick < 30 * 10; tick++) {
    waiting = Math.max(0, waiting + clock.advance((tick * 1000) / 30) - 1);
    clock.steer(waiting);
  }
  assert.ok(waiting <= 2, `${waiting} still wait`);
});
