/**
 * What a client and a server say to each other, generic over a game's own types.
 *
 * Owns the layout of every message (docs/protocol.md). Pure: bytes in, values out.
 */

import { FNV_START, Reader, Writer, fnv1a, malformed } from './bincode.js';

/** The WebSocket subprotocol of this version. */
export const SUBPROTOCOL = 'downbeat.v1';

/** The version in every hello. */
export const PROTOCOL_VERSION = 1;

/**
 * A game: its types on the wire, and how they move. Everything marked optional may
 * be left out by a game that does not need it.
 *
 * @template I What a player wants at one tick.
 * @template E What clients see of one thing; a mutable object.
 * @template O What only the player himself sees.
 * @template V Something that happened and is told once.
 * @template R What prediction needs to know of the game.
 * @typedef {object} Game
 * @property {string} schema The game's name and version on the wire, `arena/1`.
 * @property {(writer: Writer, input: I) => void} writeInput
 * @property {(reader: Reader) => E} readEntity
 * @property {(writer: Writer, entity: E) => void} writeEntity For the checksum.
 * @property {(reader: Reader) => O} readOwn
 * @property {(reader: Reader) => V} readEvent
 * @property {(reader: Reader) => R} readRules
 * @property {(reader: Reader) => unknown} [readDiff] A difference between two
 *   values of an entity. Left out: entities are always sent whole.
 * @property {(entity: E, diff: any) => void} [applyDiff] Throws a
 *   {@link DecodeError} if it does not fit.
 * @property {(entity: E, rules: R) => void} [predict] One tick further without any
 *   input, exactly as the server does it. Left out: it stays as it is.
 * @property {(entity: E, into?: E) => E} [clone] A copy. `into` is an earlier copy that
 *   may be written over and given back, which saves the garbage. Left out:
 *   `structuredClone`.
 * @property {(own: O) => number | null} [ownEntity] The id of the entity that the
 *   player moves, for prediction.
 * @property {(entity: E, input: I) => void} [steer] What an input does to it; then
 *   `predict` moves it.
 * @property {I} [idle] What is sent for a player who is not there.
 * @property {(entity: E, player: number) => boolean} [follows] Whether an entity is
 *   drawn in the player's own time, a little ahead of the others: his shots.
 * @property {(entity: E, into: number[]) => number[]} [pose] What is smoothed when it is
 *   drawn: a few numbers, the first two a place, written into a row and given back.
 * @property {readonly number[]} [wraps] For each number of a pose the size of its
 *   circle, or 0 if it is no angle.
 * @property {number} [snap] A place that is further off than this is jumped to and
 *   not smoothed.
 */

/**
 * @typedef {object} Hello
 * @property {string} schema
 * @property {string} [room]
 * @property {string} [name]
 * @property {string | null} [token]
 * @property {Uint8Array | null} [resume] 16 bytes.
 */

/**
 * @template R
 * @typedef {object} Welcome
 * @property {'welcome'} type
 * @property {number} player The player's id in this room; 0 for a spectator.
 * @property {number} tick The tick now.
 * @property {number} applied The last input applied; 0 for a new player.
 * @property {number} tickRate Ticks per second.
 * @property {number} snapshotRate Snapshots per second.
 * @property {string} room
 * @property {string} name
 * @property {Uint8Array} resume The right to come back as this player.
 * @property {R} rules
 */

/**
 * A number in front (an id, an index, a cell) and what belongs to it.
 * @template T
 * @typedef {[number, T]} Numbered
 */

/**
 * @template E
 * @typedef {{ type: 'delta', left: number[], changed: Numbered<unknown>[], entered: Numbered<E>[] }
 *   | { type: 'keyframe', entities: Numbered<E>[] }} Change
 */

/**
 * How often a client is told what it sees. Until the first one: every snapshot, and no
 * overload.
 * @typedef {object} Pace
 * @property {number} ticks Ticks from one telling of a cell to the next, for the cell
 *   in sight that is told least often.
 * @property {number} step How far the room has degraded under overload, 0 (not at all)
 *   to 4.
 */

/**
 * Numbers are as they are meant, not as they are on the wire.
 * @template E, O
 * @typedef {object} Snapshot
 * @property {'snapshot'} type
 * @property {number} elapsed Ticks since the previous one.
 * @property {number} applied By how much the last applied input went on.
 * @property {number} waiting Inputs that wait at the server.
 * @property {Pace | null} pace How often the client is told from now on, if it changed.
 * @property {O | null} own The player's own part, if it changed.
 * @property {number | null} checksum
 * @property {boolean} reset
 * @property {number[]} hidden
 * @property {Numbered<Change<E>>[]} cells
 */

/**
 * @typedef {object} Pong
 * @property {'pong'} type
 * @property {number} nonce
 */

/**
 * @typedef {object} Bye
 * @property {'bye'} type
 * @property {number} code
 * @property {string} text
 * @property {number | null} retryAfterMs
 */

/**
 * @template V
 * @typedef {{ type: 'event', event: V }} GameEvent
 */

/**
 * @template E, O, V, R
 * @typedef {Welcome<R> | Snapshot<E, O> | GameEvent<V> | Pong | Bye} ServerMessage
 */

/**
 * The fingerprint of a schema's name.
 * @param {string} schema
 */
export function schemaHash(schema) {
  return fnv1a(FNV_START, new TextEncoder().encode(schema));
}

/**
 * The first message: of a player, or of a spectator.
 * @param {Hello} hello
 * @param {boolean} [watch] Whether he plays nobody.
 */
export function encodeHello(hello, watch = false) {
  const writer = new Writer();
  writer.u8(watch ? 3 : 0);
  writer.u16(PROTOCOL_VERSION);
  writer.u32(schemaHash(hello.schema));
  writer.string(hello.room ?? '');
  writer.string(hello.name ?? '');
  writer.option(hello.token, (writer, token) => writer.string(token));
  writer.option(hello.resume, (writer, resume) => writer.bytes(resume));
  return writer.finish();
}

/**
 * @template I
 * @param {Pick<Game<I, any, any, any, any>, 'writeInput'>} game
 * @param {{ seq: number, tick: number, received: number, input: I }} message
 */
export function encodeInput(game, { seq, tick, received, input }) {
  const writer = new Writer();
  writer.u8(1);
  writer.u32(seq);
  writer.u32(tick);
  writer.u32(received);
  game.writeInput(writer, input);
  return writer.finish();
}

/**
 * @param {number} nonce
 * @param {number} received
 */
export function encodePing(nonce, received) {
  const writer = new Writer();
  writer.u8(2);
  writer.u32(nonce);
  writer.u32(received);
  return writer.finish();
}

/**
 * A spectator's wish.
 * @param {number | null} player Whose sight he wants; null for everything.
 */
export function encodeFollow(player) {
  const writer = new Writer();
  writer.u8(4);
  writer.option(player, (writer, player) => writer.u32(player));
  return writer.finish();
}

/**
 * What a server's message says.
 * @template E, O, V, R
 * @param {Game<any, E, O, V, R>} game
 * @param {Uint8Array} bytes
 * @returns {ServerMessage<E, O, V, R>}
 * @throws {DecodeError}
 */
export function decodeServer(game, bytes) {
  const reader = new Reader(bytes);
  const message = readServer(game, reader);
  reader.end();
  return message;
}

/**
 * @template E, O, V, R
 * @param {Game<any, E, O, V, R>} game
 * @param {Reader} reader
 * @returns {ServerMessage<E, O, V, R>}
 */
function readServer(game, reader) {
  switch (reader.variant(5)) {
    case 0:
      return {
        type: 'welcome',
        player: reader.u32(),
        tick: reader.u32(),
        applied: reader.u32(),
        tickRate: readRate(reader),
        snapshotRate: readRate(reader),
        room: reader.string(),
        name: reader.string(),
        resume: reader.bytes(16),
        rules: game.readRules(reader),
      };
    case 1:
      return {
        type: 'snapshot',
        elapsed: reader.u32(),
        applied: reader.u32(),
        waiting: reader.u32(),
        pace: reader.option((reader) => ({ ticks: reader.u32(), step: reader.u32() })),
        own: reader.option(game.readOwn),
        checksum: reader.option((reader) => reader.u32()),
        reset: reader.bool(),
        hidden: readAscending(reader, () => 0).map(([cell]) => cell),
        cells: readAscending(reader, (reader) => readChange(game, reader)),
      };
    case 2:
      return { type: 'event', event: game.readEvent(reader) };
    case 3:
      return { type: 'pong', nonce: reader.u32() };
    default:
      return {
        type: 'bye',
        code: reader.u16(),
        text: reader.string(),
        retryAfterMs: reader.option((reader) => reader.u32()),
      };
  }
}

/** Something per second, 1 to 240. @param {Reader} reader */
function readRate(reader) {
  const rate = reader.u32();
  if (rate < 1 || rate > 240) throw malformed(`${rate} per second is no rate`);
  return rate;
}

/**
 * @template E
 * @param {Game<any, E, any, any, any>} game
 * @param {Reader} reader
 * @returns {Change<E>}
 */
function readChange(game, reader) {
  const { readDiff = noDiff } = game;
  if (reader.variant(2) === 1) {
    return { type: 'keyframe', entities: readAscending(reader, game.readEntity) };
  }
  return {
    type: 'delta',
    left: readAscending(reader, () => 0).map(([index]) => index),
    changed: readAscending(reader, readDiff),
    entered: readAscending(reader, game.readEntity),
  };
}

/** @returns {never} */
function noDiff() {
  throw malformed('this game has no differences');
}

/**
 * A sequence of numbers that ascend, the first one and then differences, each with
 * something behind it.
 * @template T
 * @param {Reader} reader
 * @param {(reader: Reader) => T} read
 * @returns {Numbered<T>[]}
 */
function readAscending(reader, read) {
  let last = -1;
  return reader.seq(() => {
    const step = reader.u32();
    if (last >= 0 && step === 0) throw malformed('numbers must ascend');
    last = last < 0 ? step : last + step;
    if (last > 0xffff_ffff) throw malformed('numbers must stay within 32 bits');
    return /** @type {Numbered<T>} */ ([last, read(reader)]);
  });
}

/**
 * A list of entities as the wire has it, for the checksum.
 * @template E
 * @param {Game<any, E, any, any, any>} game
 * @param {Writer} writer
 * @param {readonly { id: number, entity: E }[]} list
 */
export function writeEntities(game, writer, list) {
  let last = 0;
  writer.u32(list.length);
  for (const { id, entity } of list) {
    writer.u32(id - last);
    last = id;
    game.writeEntity(writer, entity);
  }
}
