/** The others: even motion over an uneven link, coming and going, and how much past is kept. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { arena } from '../arena.js';
import { Interpolator } from '../interpolate.js';
import { Mirror } from '../mirror.js';
import { decodeServer } from '../protocol.js';
import * as golden from './golden.js';
import { Link, RULES, ship, snapshot } from './room.js';

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
      interpolator.record(mirror, now);
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
    interpolator.record(mirror, (tick * 1000) / 30);
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
    interpolator.record(mirror, (tick * 1000) / 30);
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
    interpolator.record(mirror, (tick * 1000) / 30);
  }
  assert.ok([...interpolator.tracks()].length < 100);
});

for (const [what, later, how] of [
  ['a snapshot starts over', 0, { reset: true }],
  ['snapshots come two seconds later from one to the next', 2000, {}],
]) {
  test(`what is there stays there when ${what}`, () => {
    const mirror = new Mirror(arena, 0, RULES);
    const interpolator = new Interpolator(arena, { rules: RULES, tickRate: 30, snapshotRate: 30 });
    const link = new Link();
    const entities = [1, 2, 3].map((id) => ({ id, entity: ship(2) }));
    for (let tick = 1; tick <= 300; tick++) {
      const bytes = snapshot({ entities, ...(tick === 60 && how) });
      link.put(bytes, (tick * 1000) / 30 + (tick >= 60 ? later : 0));
    }
    for (let now = 0; now < 10_000; now += 10) {
      for (const bytes of link.take(now)) {
        mirror.apply(decodeServer(arena, bytes));
        interpolator.record(mirror, now);
      }
      interpolator.advance(now);
      const drawn = [...interpolator.tracks()].filter((track) => !interpolator.isEarly(track));
      if (now > 500) assert.equal(drawn.length, 3, `after ${now} ms`);
    }
  });
}
