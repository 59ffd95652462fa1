/** What a picture leaves for the garbage collector: nothing per thing, so that no pause is due. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { arena } from '../arena.js';
import { decodeServer } from '../protocol.js';
import { Session } from '../session.js';
import { ship, snapshot, welcome } from './room.js';

/** Bytes per thing: a number in a box of the engine's (16) passes, an object or a row (48) does not. */
const MOST = 40;
/** So that nothing is collected while it is measured. */
const ROOMY = ['--expose-gc', '--min-semi-space-size=64', '--max-semi-space-size=64'];

test('a picture of 200 things makes no garbage', () => {
  const program = fileURLToPath(new URL('pictures.js', import.meta.url));
  const perPicture = Number(execFileSync(process.execPath, [...ROOMY, program], { encoding: 'utf8' }));
  assert.ok(perPicture < 200 * MOST, `${perPicture} bytes per picture`);
});

test('a view, its list, its things and their poses are used again', () => {
  const session = new Session(arena, decodeServer(arena, welcome()), 0);
  const told = (now, ids) => {
    const entities = ids.map((id) => ({ id, entity: ship(id) }));
    session.snapshot(decodeServer(arena, snapshot({ flying: 1, entities })), now);
  };
  told(0, [1, 2, 3]);
  session.view(0);
  told(33, [1, 2, 3]);
  const view = session.view(70);
  const { me, things } = view;
  const before = things.map((thing) => [thing, thing.pose]);
  told(66, [1, 2, 3]);
  assert.equal(session.view(100), view);
  assert.equal(view.me, me);
  assert.equal(view.things, things);
  assert.deepEqual(things.map(({ id }) => id), [2, 3, 1], 'the own one last');
  things.forEach((thing, i) => {
    assert.equal(thing, before[i][0]);
    assert.equal(thing.pose, before[i][1]);
  });
  told(100, [2]);
  told(133, [2]);
  assert.deepEqual(session.view(400).things.map(({ id }) => id), [2], 'and it gets shorter');
});
