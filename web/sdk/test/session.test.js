/** A player in a room over a slow and uneven link: what he predicts, and what he sees. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CONTROLS, arena } from '../arena.js';
import { Interpolator } from '../interpolate.js';
import { Mirror } from '../mirror.js';
import { Predictor } from '../predict.js';
import { decodeServer, encodeInput } from '../protocol.js';
import { Session } from '../session.js';
import * as golden from './golden.js';
import { Link, RULES, Room, ship, snapshot, welcome } from './room.js';

/**
 * Plays for a while, a millisecond at a time, 60 pictures a second.
 * @returns What each picture saw.
 */
function play({ seconds, delay, jitter = 0, every = 1, seed = 1, pilot, each = () => {} }) {
  const below = golden.numbers(seed);
  const room = new Room(every);
  const welcomed = decodeServer(arena, welcome({ snapshotRate: 30 / every }));
  const session = new Session(arena, welcomed, 0);
  const up = new Link();
  const down = new Link();
  const late = (now) => now + delay / 2 + below(jitter / 2 + 1);
  const pictures = [];
  let ticks = 0;
  let frames = 0;
  for (let now = 0; now < seconds * 1000; now++) {
    for (const bytes of up.take(now)) room.arrive(bytes);
    if (now >= (ticks * 1000) / 30) {
      ticks += 1;
      const bytes = room.step();
      if (bytes) down.put(bytes, late(now));
    }
    for (const bytes of down.take(now)) session.snapshot(decodeServer(arena, bytes), now);
    if (now >= (frames * 1000) / 60) {
      frames += 1;
      for (let due = session.clock.advance(now); due > 0; due--) {
        up.put(encodeInput(arena, session.tick(pilot(session.seq, now))), late(now));
      }
      // What a view gives is used again: a picture that is kept is a copy.
      const { me, things } = structuredClone(session.view(now, pilot(session.seq, now)));
      pictures.push({ now, me, things });
      each({ now, session, room });
    }
  }
  return { room, session, pictures };
}

/** Changes its mind all the time. */
function restless(seq) {
  return { controls: (seq * 7) % 32, aim: (seq * 331) % 4096 };
}

for (const [delay, jitter, every] of [
  [0, 0, 1],
  [50, 10, 1],
  [150, 30, 1],
  [300, 20, 1],
  [100, 20, 3],
]) {
  const link = `over ${delay} ± ${jitter} ms, told every ${every} ticks`;
  test(`${link}: every input is used and the prediction is exact`, () => {
    let settled = null;
    const { session, room } = play({
      seconds: 20,
      delay,
      jitter,
      every,
      pilot: restless,
      each({ now, session, room }) {
        if (now >= 5000 && !settled) {
          settled = { starved: room.starved, corrections: session.predictor.corrections };
        }
      },
    });
    assert.equal(room.starved, settled.starved, 'a tick passed without an input');
    assert.equal(session.predictor.corrections, settled.corrections, 'a prediction was off');
    assert.equal(session.predictor.error, 0);
    assert.ok(Math.abs(session.clock.speed - 1) <= 0.04, `the pace is ${session.clock.speed}`);
    assert.ok(Math.abs(session.predictor.entity.x - 500_000) > 1000, 'the ship moved');
    assert.ok(session.seq > 560, `only ${session.seq} inputs`);
    const inFlight = session.seq - room.applied;
    assert.ok(inFlight <= (delay + jitter) * 0.03 + 5, `${inFlight} inputs are on the way`);
  });
}

test('who is told less often is shown the others further behind, and not at once less again', () => {
  const interpolator = new Interpolator(arena, { rules: RULES, tickRate: 20, snapshotRate: 20 });
  const mirror = new Mirror(arena, 0, RULES);
  const record = (age) => {
    mirror.age = age;
    interpolator.record(mirror, age * 50);
  };
  record(1);
  assert.equal(interpolator.delay, 50);
  interpolator.pace(4);
  record(2);
  assert.equal(interpolator.delay, 200);
  interpolator.pace(1);
  record(3);
  assert.equal(interpolator.delay, 200, 'a while longer');
  for (let age = 4; age < 70; age++) record(age);
  assert.equal(interpolator.delay, 50);
});

test('the pace is told once and stays', () => {
  const session = new Session(arena, decodeServer(arena, welcome({ snapshotRate: 30 })), 0);
  const tell = (more) => session.snapshot(decodeServer(arena, snapshot({ elapsed: 1, ...more })), 0);
  tell({ reset: true, pace: { ticks: 6, step: 2 } });
  tell({});
  assert.equal(session.overload, 2);
  assert.ok(session.interpolator.delay >= 200, `${session.interpolator.delay} ms`);
});

test('over 150 ms the own ship answers a key in the next picture', () => {
  const { pictures } = play({
    seconds: 8,
    delay: 150,
    pilot: (_, now) => ({ controls: now >= 5000 ? CONTROLS.RIGHT : 0, aim: 0 }),
  });
  const turned = pictures.findIndex(({ me }) => me && me.pose[2] !== 0);
  const pressed = pictures.findIndex(({ now }) => now >= 5000);
  // Not in the same only if a tick begins with it: there is nothing to see yet.
  assert.ok(turned - pressed <= 1, `${turned - pressed} pictures later`);
});

test('between ticks the own ship shows the controls as they are', () => {
  const session = new Session(arena, decodeServer(arena, welcome()), 0);
  const first = snapshot({ waiting: 1, flying: 9, entities: new Room().entities });
  session.snapshot(decodeServer(arena, first), 0);
  session.clock.advance(0);
  session.tick({ controls: 0, aim: 0 });
  const half = 1000 / 60;
  const heading = (input) => session.view(half, input).me.pose[2];
  assert.equal(heading(), 0);
  assert.equal(heading({ controls: CONTROLS.RIGHT, aim: 0 }), RULES.turn / 2);
  assert.equal(heading(), RULES.turn / 2, 'and goes on like this');
  assert.equal(session.view(half).me.entity.controls, CONTROLS.RIGHT, 'its flame as well');
  assert.equal(session.predictor.entity.heading, 0, 'what is predicted is what was sent');
});

test('the own ship is drawn without jumps, at a steady speed', () => {
  const { pictures } = play({
    seconds: 6,
    delay: 100,
    jitter: 20,
    pilot: () => ({ controls: CONTROLS.THRUST, aim: 0 }),
  });
  const late = pictures.filter(({ now }) => now > 3500);
  const steps = late.slice(1).map(({ me }, i) => me.pose[0] - late[i].me.pose[0]);
  const mean = steps.reduce((a, b) => a + b) / steps.length;
  for (const step of steps) assert.ok(Math.abs(step - mean) < mean / 5, `${step} beside ${mean}`);
});

test('a push by the server is glided to, a far one is jumped to', () => {
  for (const [push, largest] of [[20 * 256, 10 * 256], [1000 * 256, 1000 * 256]]) {
    let pushed = false;
    const { pictures, session } = play({
      seconds: 8,
      delay: 100,
      pilot: () => ({ controls: 0, aim: 0 }),
      each({ now, room }) {
        if (now < 5000 || pushed) return;
        pushed = true;
        room.ship.x += push;
      },
    });
    const xs = pictures.filter(({ me }) => me).map(({ me }) => me.pose[0]);
    const steps = xs.slice(1).map((x, i) => Math.abs(x - xs[i]));
    assert.ok(Math.max(...steps) <= largest, `a step of ${Math.max(...steps)}`);
    const there = steps.filter((step) => step > 100).length;
    assert.ok(largest === push ? there === 1 : there > 3, `${there} steps`);
    assert.ok(Math.abs(xs.at(-1) - 500_000 - push) < 1, 'it arrives');
    assert.equal(session.predictor.worstError, push);
  }
});

test('a correction is not seen in the picture it comes with, and gone soon after', () => {
  const input = { controls: CONTROLS.THRUST, aim: 0 };
  for (const wrong of [{ x: 9000 }, { vx: -700, vy: 300 }, { heading: 4000 }]) {
    const room = new Room();
    const session = new Session(arena, decodeServer(arena, welcome()), 0);
    const told = () => session.snapshot(decodeServer(arena, room.step()), now);
    let now = 0;
    const tick = () => {
      now += 1000 / 30;
      for (let due = session.clock.advance(now); due > 0; due--) {
        room.arrive(encodeInput(arena, session.tick(input)));
      }
    };
    for (let i = 0; i < 10; i++) {
      tick();
      told();
    }
    assert.equal(session.predictor.corrections, 0);

    Object.assign(room.ship, wrong, wrong.x && { x: room.ship.x + wrong.x });
    tick();
    now += 13;
    const before = structuredClone(session.view(now, input).me.pose);
    told();
    const after = session.view(now, input).me.pose;
    before.forEach((value, i) => {
      const apart = Math.abs(value - after[i]) % 4096;
      assert.ok(Math.min(apart, 4096 - apart) < 1e-6, `${JSON.stringify(wrong)}: ${apart}`);
    });
    const truth = structuredClone(session.predictor.pose(0, Infinity));
    const pose = session.predictor.pose(0, now + 1000);
    truth.forEach((value, i) => assert.ok(Math.abs(value - pose[i]) < 1, `${value}, ${pose[i]}`));
    assert.ok('vx' in wrong || session.predictor.corrections === 1);
  }
});

test('inputs that are on the way when the ship is lost do no harm', () => {
  const predictor = new Predictor(arena, RULES);
  predictor.reconcile(9, ship(1), 0, 0);
  predictor.push(1, { controls: 1, aim: 0 });
  predictor.push(2, { controls: 1, aim: 0 });
  predictor.reconcile(null, null, 1, 0);
  assert.equal(predictor.entity, null);
  predictor.push(3, { controls: 1, aim: 0 });
  assert.equal(predictor.pending, 2);
  predictor.reconcile(12, ship(1), 2, 0);
  assert.equal(predictor.pending, 1);
  assert.ok(predictor.entity.vx > 0, 'the one still pending moves the new ship');
  assert.equal(predictor.corrections, 0, 'another ship is no correction');
});

test('the wrap of input numbers is nothing special', () => {
  const predictor = new Predictor(arena, RULES);
  predictor.reconcile(9, ship(1), 0xfffffffe, 0);
  for (const seq of [0xffffffff, 0, 1]) predictor.push(seq, { controls: 1, aim: 0 });
  predictor.reconcile(9, ship(1), 0, 0);
  assert.equal(predictor.pending, 1);
});

test("the player's shot is drawn in his own time", () => {
  const { pictures } = play({
    seconds: 8,
    delay: 200,
    pilot: () => ({ controls: 0, aim: 0 }),
    each({ now, room }) {
      if (now < 6000 || room.entities.length > 1) return;
      const { x, y } = room.ship;
      room.entities.push({ id: 10, entity: { type: 'shot', x, y, vx: 400, vy: 0, player: 1 } });
      room.entities.push({ id: 11, entity: { type: 'shot', x, y, vx: 400, vy: 0, player: 2 } });
    },
  });
  const { things } = pictures.at(-1);
  const at = (id) => things.find((thing) => thing.id === id).pose[0];
  const ticksApart = (at(10) - at(11)) / Math.trunc((400 * 64) / 30);
  assert.ok(ticksApart > 6 && ticksApart < 12, `${ticksApart} ticks before another's`);
});

test('a player who waits for a ship is drawn nowhere', () => {
  const session = new Session(arena, decodeServer(arena, welcome()), 0);
  assert.deepEqual(session.view(0), { me: null, things: [] });
});
