/** A player in a room over a slow and uneven link: clock, prediction, interpolation. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CONTROLS, arena } from '../arena.js';
import { TickClock } from '../clock.js';
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
      pictures.push({ now, ...session.view(now), session, room });
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
    interpolator.record(mirror, false, age * 50);
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

test('over 150 ms the own ship answers a key within two pictures', () => {
  const { pictures } = play({
    seconds: 8,
    delay: 150,
    pilot: (_, now) => ({ controls: now >= 5000 ? CONTROLS.RIGHT : 0, aim: 0 }),
  });
  const turned = pictures.findIndex(({ me }) => me && me.pose[2] !== 0);
  const pressed = pictures.findIndex(({ now }) => now >= 5000);
  // A tick is two pictures long; the key is seen at the next one.
  assert.ok(turned - pressed <= 2, `${turned - pressed} pictures later`);
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

/** Snapshots of one shot that flies along x, over an uneven link. */
function flight({ jitter, upTo = 90, draw = true, late = () => 0 }) {
  const below = golden.numbers(5);
  const link = new Link();
  const rules = RULES;
  const shot = { type: 'shot', x: 100_000, y: 5000, vx: 1200, vy: 0, player: 2 };
  for (let tick = 1; tick <= upTo; tick++) {
    arena.predict(shot, rules);
    const entities = [{ id: 4, entity: { ...shot } }];
    const at = (tick * 1000) / 30 + below(jitter + 1) + late(tick);
    link.put(snapshot({ entities }), at);
  }
  const mirror = new Mirror(arena, 0, rules);
  const interpolator = new Interpolator(arena, { rules, tickRate: 30, snapshotRate: 30 });
  const seen = [];
  for (let now = 0; now < (upTo * 1000) / 30; now++) {
    for (const bytes of link.take(now)) {
      mirror.apply(decodeServer(arena, bytes));
      interpolator.record(mirror, false, now);
    }
    if (draw && now % 16 === 0) {
      interpolator.advance(now);
      for (const track of interpolator.tracks()) seen.push([now, interpolator.pose(track)[0]]);
    }
  }
  return { seen, interpolator, mirror };
}

for (const jitter of [0, 25, 80]) {
  test(`with ${jitter} ms of jitter another's shot is drawn at an even speed`, () => {
    const { seen, interpolator } = flight({ jitter });
    const settled = seen.filter(([now]) => now > 1500);
    const steps = settled.slice(1).map(([, x], i) => x - settled[i][1]);
    const even = ((1200 * 64) / 1000) * 16;
    for (const step of steps) {
      assert.ok(step > even * 0.75 && step < even * 1.25, `${step} in a picture, not ${even}`);
    }
    const { delay } = interpolator;
    assert.ok(delay >= 33 && delay < 35 + jitter, `drawn ${delay} ms behind`);
  });
}

test('while snapshots stay out, what is drawn goes on by prediction', () => {
  const { seen } = flight({ jitter: 0, late: (tick) => (tick >= 60 && tick < 65 ? 200 : 0) });
  const gap = seen.filter(([now]) => now > 1900 && now < 2300);
  const steps = gap.slice(1).map(([, x], i) => x - gap[i][1]);
  assert.ok(Math.min(...steps) > 500, `a step of ${Math.min(...steps)}`);
});

test('a heading is interpolated the short way round', () => {
  const mirror = new Mirror(arena, 0, RULES);
  const interpolator = new Interpolator(arena, { rules: RULES, tickRate: 30, snapshotRate: 30 });
  for (const [tick, heading] of [[1, 4090], [2, 6]]) {
    const entities = [{ id: 1, entity: { ...ship(2), heading } }];
    mirror.apply(decodeServer(arena, snapshot({ entities })));
    interpolator.record(mirror, false, (tick * 1000) / 30);
  }
  interpolator.advance((2.5 * 1000) / 30);
  const [track] = interpolator.tracks();
  assert.ok(Math.abs(interpolator.pose(track)[2] - 4096) < 0.1, 'half way is zero');
});

test('a thing goes when the drawn time says so, and comes so', () => {
  const mirror = new Mirror(arena, 0, RULES);
  const interpolator = new Interpolator(arena, { rules: RULES, tickRate: 30, snapshotRate: 30 });
  const show = (tick, ids) => {
    const entities = ids.map((id) => ({ id, entity: ship(2) }));
    mirror.apply(decodeServer(arena, snapshot({ entities })));
    interpolator.record(mirror, false, (tick * 1000) / 30);
  };
  const drawn = (tick) => {
    interpolator.advance((tick * 1000) / 30);
    return [...interpolator.tracks()].filter((track) => !interpolator.isEarly(track)).map(({ id }) => id);
  };
  show(1, [1]);
  show(2, [1]);
  assert.deepEqual(drawn(2), [1]);
  show(3, [2]);
  assert.deepEqual(drawn(3), [1], 'one tick behind: the old is there, the new not yet');
  show(4, [2]);
  assert.deepEqual(drawn(4), [2]);
});

test('without anyone drawing, the past does not grow', () => {
  const { interpolator } = flight({ jitter: 0, draw: false, upTo: 900 });
  const [track] = interpolator.tracks();
  assert.ok(track.samples.length < 100, `${track.samples.length} samples`);
});

test('things that come and go unseen leave nothing behind', () => {
  const mirror = new Mirror(arena, 0, RULES);
  const interpolator = new Interpolator(arena, { rules: RULES, tickRate: 30, snapshotRate: 30 });
  for (let tick = 1; tick < 2000; tick++) {
    mirror.apply(decodeServer(arena, snapshot({ entities: [{ id: tick, entity: ship(2) }] })));
    interpolator.record(mirror, false, (tick * 1000) / 30);
  }
  assert.ok([...interpolator.tracks()].length < 100);
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
