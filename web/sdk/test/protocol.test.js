/** Bytes and messages: against the golden files, and against bytes nobody meant. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { arena } from '../arena.js';
import { DecodeError, FNV_START, Reader, Writer, fnv1a } from '../bincode.js';
import { Mirror, MirrorError } from '../mirror.js';
import {
  decodeServer,
  encodeFollow,
  encodeHello,
  encodeInput,
  encodePing,
  schemaHash,
  writeEntities,
} from '../protocol.js';
import { REASONS, reasonOf } from '../reason.js';
import * as golden from './golden.js';
import { readFileSync } from 'node:fs';

const manifest = golden.json('manifest.json');

function encodeClient(kind, value) {
  switch (kind) {
    case 'Hello':
    case 'Watch': {
      const resume = value.resume && Uint8Array.from(value.resume);
      return encodeHello({ ...value, schema: 'arena/1', resume }, kind === 'Watch');
    }
    case 'Follow':
      return encodeFollow(value.player);
    case 'Input':
      return encodeInput(arena, value);
    case 'Ping':
      return encodePing(value.nonce, value.received);
  }
  throw new Error(`${kind} is not a client's`);
}

for (const { file, direction, kind, about, value } of manifest) {
  test(`${file}: ${about}`, () => {
    const bytes = golden.bytes(file);
    if (direction === 'client') {
      assert.deepEqual(encodeClient(kind, value[kind]), bytes);
    } else {
      assert.deepEqual(decodeServer(arena, bytes), golden.serverMessage(value));
    }
  });
}

test('no prefix of a message is a message, and nothing may follow it', () => {
  for (const { file, direction } of manifest) {
    if (direction === 'client') continue;
    const bytes = golden.bytes(file);
    for (let end = 0; end < bytes.length; end++) {
      assert.throws(() => decodeServer(arena, bytes.subarray(0, end)), { kind: 'truncated' });
    }
    const longer = Uint8Array.from([...bytes, 0]);
    assert.throws(() => decodeServer(arena, longer), { kind: 'trailing' });
  }
});

test('numbers come back, each in its shortest form', () => {
  const cases = [
    ['u32', 0, 1],
    ['u32', 250, 1],
    ['u32', 251, 3],
    ['u32', 65535, 3],
    ['u32', 65536, 5],
    ['u32', 0xffffffff, 5],
    ['u16', 65535, 3],
    ['i32', -1, 1],
    ['i32', 125, 1],
    ['i32', -126, 3],
    ['i32', -0x80000000, 5],
    ['i32', 0x7fffffff, 5],
    ['i16', -32768, 3],
    ['i16', 32767, 3],
    ['u64', 2n ** 64n - 1n, 9],
    ['u64', 2n ** 32n, 9],
    ['i64', -(2n ** 63n), 9],
    ['i64', -3n, 1],
    ['i8', -5, 1],
    ['f32', 0.5, 4],
    ['f64', Math.PI, 8],
    ['u24le', 0xfffefd, 3],
    ['i16le', -2, 2],
    ['u16le', 0xfffe, 2],
    ['string', 'Zoë 🚀\ufeff', 13],
  ];
  for (const [type, value, size] of cases) {
    const writer = new Writer();
    writer[type](value);
    const bytes = writer.finish();
    assert.equal(bytes.length, size, `${type} ${value}`);
    assert.deepEqual(new Reader(bytes)[type](), value, type);

    // Wherever the writer's memory grows.
    for (let i = 0; i < 100; i++) writer[type](value);
    const reader = new Reader(writer.finish());
    for (let i = 0; i < 101; i++) assert.deepEqual(reader[type](), value, type);
    reader.end();
  }
});

test('a number too wide for its type is refused', () => {
  assert.throws(() => new Reader(Uint8Array.of(252, 0, 0, 0, 0)).u16(), { kind: 'malformed' });
  assert.throws(() => new Reader(new Uint8Array(9).fill(253)).u32(), { kind: 'malformed' });
  assert.throws(() => new Reader(new Uint8Array(17).fill(254)).u64(), { kind: 'malformed' });
});

test('a declared length of 2⁶³ takes neither time nor memory', () => {
  const length = [253, 0, 0, 0, 0, 0, 0, 0, 128];
  for (const front of [[0, 1, 2, 3, 30, 30], [1, 1, 0, 0, 0, 0, 0, 0], [2, 1], [2, 0, 1]]) {
    const bytes = Uint8Array.from([...front, ...length, 0, 0]);
    assert.throws(() => decodeServer(arena, bytes), { kind: 'truncated' });
  }
});

test('arbitrary bytes give a value or a typed error', () => {
  const below = golden.numbers(1);
  const samples = manifest.map(({ file }) => golden.bytes(file));
  const rules = golden.json('mirror.json')[0].rules;
  let mirror = new Mirror(arena, 0, golden.rules(rules));
  let decoded = 0;
  for (let round = 0; round < 60_000; round++) {
    let bytes;
    if (round % 2 === 0) {
      bytes = Array.from({ length: below(48) }, () => (below(3) ? below(8) : below(256)));
    } else {
      bytes = [...samples[below(samples.length)]];
      for (let i = below(4); i >= 0; i--) {
        const at = below(bytes.length + 1);
        if (below(3) === 0) bytes.splice(at, below(3), below(256));
        else bytes[Math.min(at, bytes.length - 1)] ^= 1 << below(8);
      }
    }
    try {
      const message = decodeServer(arena, Uint8Array.from(bytes));
      decoded += 1;
      if (message.type === 'snapshot') mirror.apply(message);
    } catch (error) {
      assert.ok(error instanceof DecodeError || error instanceof MirrorError, error.stack);
      if (error instanceof MirrorError) mirror = new Mirror(arena, 0, golden.rules(rules));
    }
    if (mirror.size > 200) mirror = new Mirror(arena, 0, golden.rules(rules));
  }
  assert.ok(decoded > 1000, `only ${decoded} were messages`);
});

test('a welcome to a room without a rate is refused', () => {
  for (const rates of [[0, 30], [30, 0], [241, 30]]) {
    const bytes = golden.bytes('welcome.bin');
    bytes.set(rates, 6);
    assert.throws(() => decodeServer(arena, bytes), { kind: 'malformed' }, `${rates}`);
  }
});

test('entities are written as they are read', () => {
  for (const history of golden.json('mirror.json')) {
    for (const [, list] of history.steps.at(-1).cells) {
      const entries = list.map(([id, value]) => ({ id, entity: golden.entity(value) }));
      const writer = new Writer();
      writeEntities(arena, writer, entries);
      const reader = new Reader(writer.finish());
      const back = reader.seq(() => [reader.u32(), arena.readEntity(reader)][1]);
      assert.deepEqual(back, entries.map(({ entity }) => entity));
      reader.end();
    }
  }
});

test('the sums are the published ones', () => {
  const sum = (text) => fnv1a(FNV_START, new TextEncoder().encode(text));
  assert.equal(sum(''), 0x811c9dc5);
  assert.equal(sum('a'), 0xe40c292c);
  assert.equal(sum('foobar'), 0xbf9cf968);
  assert.equal(schemaHash('arena/1'), 0x2b861e9c);
});

test('the reasons are those of the page', () => {
  const page = readFileSync(new URL('../../../docs/protocol.md', import.meta.url), 'utf8');
  const rows = [...page.matchAll(/^\| (\d{4}) \| `(\w+)` \| .* \| (yes|no) \|$/gm)];
  assert.deepEqual(
    rows.map(([, code, label, retry]) => ({ code: +code, label, retry: retry === 'yes' })),
    REASONS,
  );
  assert.equal(reasonOf(4999).label, 'link_lost', 'a foreign code');
});
