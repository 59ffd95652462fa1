/** A server's room with one player and what else a test puts there. */

import { arena, predict } from '../arena.js';
import { Reader, Writer } from '../bincode.js';
import { writeEntities } from '../protocol.js';

/** The rules at 30 Hz on a plane of 4096 units. */
export const RULES = {
  tickRate: 30,
  size: 4096 * 256,
  turn: 78,
  thrust: 56,
  drag: 164,
  brake: 546,
};

export function ship(player, x = 500_000, y = 500_000) {
  return {
    type: 'ship',
    x,
    y,
    vx: 0,
    vy: 0,
    heading: 0,
    aim: 0,
    controls: 0,
    health: 100,
    effects: 0,
    player,
    name: 'Ada',
  };
}

export function welcome({
  player = 1,
  tick = 100,
  applied = 0,
  snapshotRate = 30,
  resume = 7,
  rules = RULES,
} = {}) {
  const writer = new Writer();
  writer.u8(0);
  for (const number of [player, tick, applied, rules.tickRate, snapshotRate]) writer.u32(number);
  writer.string('main');
  writer.string('Ada');
  writer.bytes(new Uint8Array(16).fill(resume));
  const { tickRate, size, turn, thrust, drag, brake } = rules;
  for (const number of [tickRate, size, turn, thrust, drag, brake]) writer.i32(number);
  return writer.finish();
}

export function snapshot({
  elapsed = 1,
  applied = 0,
  waiting = 0,
  flying = null,
  checksum = null,
  reset = false,
  entities = null,
  pace = null,
} = {}) {
  const writer = new Writer();
  writer.u8(1);
  for (const number of [elapsed, applied, waiting]) writer.u32(number);
  writer.option(pace, (writer, { ticks, step }) => {
    writer.u32(ticks);
    writer.u32(step);
  });
  writer.option(flying, (writer, ship) => {
    for (const number of [0, 0, 0, 0, ship]) writer.u32(number);
  });
  writer.option(checksum, (writer, sum) => writer.u32(sum));
  writer.bool(reset);
  writer.u32(0);
  if (entities === null) {
    writer.u32(0);
  } else {
    for (const number of [1, 1, 1]) writer.u8(number);
    writeEntities(arena, writer, entities);
  }
  return writer.finish();
}

export function bye(code, text, retryAfterMs = null) {
  const writer = new Writer();
  writer.u8(4);
  writer.u16(code);
  writer.string(text);
  writer.option(retryAfterMs, (writer, ms) => writer.u32(ms));
  return writer.finish();
}

export function pong(nonce) {
  const writer = new Writer();
  writer.u8(3);
  writer.u32(nonce);
  return writer.finish();
}

/** What a client's message says. */
export function said(bytes) {
  const reader = new Reader(bytes);
  const variant = reader.variant(5);
  switch (variant) {
    case 0:
    case 3:
      return {
        type: variant === 0 ? 'hello' : 'watch',
        version: reader.u16(),
        schema: reader.u32(),
        room: reader.string(),
        name: reader.string(),
        token: reader.option((reader) => reader.string()),
        resume: reader.option((reader) => reader.bytes(16)),
      };
    case 1:
      return {
        type: 'input',
        seq: reader.u32(),
        tick: reader.u32(),
        received: reader.u32(),
        controls: reader.u8(),
        aim: reader.u16(),
      };
    case 4:
      return { type: 'follow', player: reader.option((reader) => reader.u32()) };
    default:
      return { type: 'ping', nonce: reader.u32(), received: reader.u32() };
  }
}

/** Applies one input per tick as the real server does. */
export class Room {
  entities = [{ id: 9, entity: ship(1) }];
  tick = 100;
  applied = 0;
  /** Ticks in which no input was there. */
  starved = 0;
  waiting = [];
  #told = 0;
  #toldAt = 100;
  #every;

  /** @param {number} every A snapshot for every so many ticks. */
  constructor(every = 1) {
    this.#every = every;
  }

  get ship() {
    return this.entities.find(({ id }) => id === 9).entity;
  }

  arrive(bytes) {
    const message = said(bytes);
    if (message.type === 'input') this.waiting.push(message);
  }

  /** One tick; gives the snapshot, if one is due. */
  step(extra = {}) {
    this.tick += 1;
    const input = this.waiting.shift();
    if (input) {
      this.applied = input.seq;
      arena.steer(this.ship, input);
    } else {
      this.starved += 1;
    }
    for (const { entity } of this.entities) predict(entity, RULES);
    if (this.tick % this.#every !== 0) return null;
    const applied = this.applied - this.#told;
    const elapsed = this.tick - this.#toldAt;
    this.#told = this.applied;
    this.#toldAt = this.tick;
    const waiting = this.waiting.length;
    return snapshot({ elapsed, applied, waiting, flying: 9, entities: this.entities, ...extra });
  }
}

/** A link that carries things later, in order: `at` gives when each arrives. */
export class Link {
  #queue = [];
  #last = 0;

  put(thing, at) {
    this.#last = Math.max(this.#last, at);
    this.#queue.push({ thing, at: this.#last });
  }

  take(now) {
    const due = this.#queue.filter(({ at }) => at <= now);
    this.#queue = this.#queue.filter(({ at }) => at > now);
    return due.map(({ thing }) => thing);
  }
}
