/** Motion and mirrors, against the vectors that the Rust tests write. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TURN, arena, predict, sine } from '../arena.js';
import { Mirror } from '../mirror.js';
import { decodeServer } from '../protocol.js';
import * as golden from './golden.js';

test('ships and shots move bit for bit as in Rust', () => {
  const vectors = golden.json('motion.json');
  assert.ok(vectors.length > 200);
  for (const vector of vectors) {
    const rules = golden.rules(vector.rules);
    const entity = golden.entity(vector.start);
    let done = 0;
    for (const [ticks, state] of vector.after) {
      for (; done < ticks; done++) predict(entity, rules);
      const { x, y, vx, vy, heading } = entity;
      const moved = entity.type === 'ship' ? [x, y, vx, vy, heading] : [x, y, vx, vy];
      assert.deepEqual(moved, state, `${ticks} ticks from ${JSON.stringify(vector.start)}`);
      assert.ok(!moved.some((value) => Object.is(value, -0)), 'no negative zero');
    }
  }
});

test('the sine is within a fifth of a percent', () => {
  for (let angle = -TURN; angle < 2 * TURN; angle++) {
    assert.ok(Math.abs(sine(angle) / 4096 - Math.sin((angle * 2 * Math.PI) / TURN)) < 0.002);
  }
});

for (const history of golden.json('mirror.json')) {
  test(`a mirror follows: ${history.about}`, () => {
    const all = golden.bytes('mirror.bin');
    const mirror = new Mirror(arena, history.tick, golden.rules(history.rules));
    for (const { offset, length, tick, checksum, cells } of history.steps) {
      const snapshot = decodeServer(arena, all.subarray(offset, offset + length));
      assert.equal(snapshot.type, 'snapshot');
      mirror.apply(snapshot);
      assert.equal(mirror.tick, tick);
      assert.equal(mirror.checksum(), checksum);
      const shown = [...mirror.cells].sort(([a], [b]) => a - b);
      const expected = cells.map(([cell, list]) => [
        cell,
        list.map(([id, value]) => ({ id, entity: golden.entity(value) })),
      ]);
      assert.deepEqual(shown, expected, `at tick ${tick}`);
      for (const { id, entity } of mirror.entries()) assert.equal(mirror.get(id), entity);
    }
  });
}

test('a mirror that missed a snapshot is found out by its checksum', () => {
  const [history] = golden.json('mirror.json');
  const all = golden.bytes('mirror.bin');
  const mirror = new Mirror(arena, history.tick, golden.rules(history.rules));
  assert.throws(() => {
    for (const { offset, length } of without(history.steps, 3)) {
      mirror.apply(decodeServer(arena, all.subarray(offset, offset + length)));
    }
  }, { name: 'MirrorError' });
});

function without(list, index) {
  return list.filter((_, i) => i !== index);
}
