/** Every way a connection can end has words of its own. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { REASONS } from '../../sdk/reason.js';
import { countdown, wordsFor, wordsForSilence } from '../../arena/words.js';

test('every reason has words', () => {
  const nothing = wordsFor('no such reason', '', true);
  for (const { label } of REASONS) {
    const words = wordsFor(label, 'because we say so', true);
    assert.notEqual(words.title, nothing.title, label);
    assert.ok(words.text.length > 10, label);
    assert.match(words.again, /^[A-Z]/, label);
  }
});

test('what the server says itself is told where it says more', () => {
  assert.equal(wordsFor('refused', 'the arena is full', true).text, 'The arena is full.');
  assert.equal(wordsFor('kicked', '', true).text, 'An operator ended your game.');
  assert.equal(wordsFor('kicked', 'bye!', true).text, 'Bye!');
  assert.ok(!wordsFor('restarting', 'technical words', true).text.includes('technical'));
});

test('a server that was never reached is not a lost link', () => {
  assert.notEqual(wordsFor('link_lost', '', false).title, wordsFor('link_lost', '', true).title);
});

test('who has no network is told so, and a silent link has words before it is lost', () => {
  assert.equal(wordsFor('link_lost', '', true, false).title, 'You are offline');
  assert.equal(wordsFor('link_lost', '', false, false).title, 'You are offline');
  assert.equal(wordsFor('restarting', '', true, false).title, wordsFor('restarting', '', true).title);
  assert.equal(wordsForSilence(false).title, 'You are offline');
  assert.notEqual(wordsForSilence(true).title, 'You are offline');
});

test('the countdown ends in a word', () => {
  assert.equal(countdown(2001), 'Back in 3 s');
  assert.equal(countdown(1), 'Back in 1 s');
  assert.equal(countdown(0), 'Connecting…');
});
