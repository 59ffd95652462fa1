/**
 * The client's copy of what it sees.
 *
 * Owns the one rule of reading snapshots: predict, hide, apply, verify.
 */

import { FNV_START, Writer, fnv1a } from './bincode.js';
import { writeEntities } from './protocol.js';

/** @import { Change, Game, Snapshot } from './protocol.js' */

/** The most ticks one snapshot may ask to predict. */
export const MAX_ELAPSED = 2400;

/** A snapshot does not fit the mirror, or the mirror is not what the server shows. */
export class MirrorError extends Error {
  /**
   * @param {'too_far' | 'misfit' | 'desync'} kind
   * @param {string} message
   */
  constructor(kind, message) {
    super(message);
    this.name = 'MirrorError';
    this.kind = kind;
  }
}

/**
 * @template E
 * @typedef {{ id: number, entity: E }} Entry
 */

/**
 * Everything a client sees, as of one tick.
 * @template E, O, R
 */
export class Mirror {
  /** The tick of what is shown; comes round to 0. */
  tick;
  /** Ticks since the welcome; does not come round. */
  age = 0;
  /**
   * By cell; only cells with something in them, each list ordered by id.
   * @type {Map<number, Entry<E>[]>}
   */
  cells = new Map();
  #game;
  #rules;
  #writer = new Writer();

  /**
   * An empty mirror at the welcome's tick.
   * @param {Game<any, E, O, any, R>} game
   * @param {number} tick
   * @param {R} rules
   */
  constructor(game, tick, rules) {
    this.#game = game;
    this.#rules = rules;
    this.tick = tick;
  }

  /**
   * Applies one snapshot, and verifies its checksum if it carries one.
   * @param {Snapshot<E, O>} snapshot
   * @throws {MirrorError | DecodeError} The mirror is then of no use any more.
   */
  apply(snapshot) {
    this.tick = (this.tick + snapshot.elapsed) >>> 0;
    this.age += snapshot.elapsed;
    if (snapshot.reset) this.cells.clear();
    else this.#predict(snapshot.elapsed);

    for (const cell of snapshot.hidden) this.cells.delete(cell);
    for (const [cell, change] of snapshot.cells) this.#change(cell, change);

    if (snapshot.checksum !== null) {
      const sum = this.checksum();
      if (sum !== snapshot.checksum) {
        throw new MirrorError('desync', `checksum is ${sum}, the server says ${snapshot.checksum}`);
      }
    }
  }

  /** The checksum of everything shown. */
  checksum() {
    const numbers = new DataView(new ArrayBuffer(8));
    let sum = FNV_START;
    for (const cell of [...this.cells.keys()].sort((a, b) => a - b)) {
      this.#writer.clear();
      writeEntities(this.#game, this.#writer, /** @type {Entry<E>[]} */ (this.cells.get(cell)));
      numbers.setUint32(0, cell, true);
      numbers.setUint32(4, fnv1a(FNV_START, this.#writer.written), true);
      sum = fnv1a(sum, new Uint8Array(numbers.buffer));
    }
    return sum;
  }

  /** How many entities are in sight. */
  get size() {
    let size = 0;
    for (const list of this.cells.values()) size += list.length;
    return size;
  }

  /** All entities in sight. */
  *entries() {
    for (const list of this.cells.values()) yield* list;
  }

  /**
   * The entity with this id, if it is in sight.
   * @param {number} id
   * @returns {E | null}
   */
  get(id) {
    for (const list of this.cells.values()) {
      const entry = list[place(list, id)];
      if (entry?.id === id) return entry.entity;
    }
    return null;
  }

  /** @param {number} ticks */
  #predict(ticks) {
    if (ticks > MAX_ELAPSED) {
      throw new MirrorError('too_far', `${ticks} ticks to predict are too many`);
    }
    const { predict } = this.#game;
    if (!predict) return;
    for (const { entity } of this.entries()) {
      for (let i = 0; i < ticks; i++) predict(entity, this.#rules);
    }
  }

  /** @param {number} cell @param {Change<E>} change */
  #change(cell, change) {
    let list = this.cells.get(cell) ?? [];
    if (change.type === 'keyframe') {
      list = change.entities.map(([id, entity]) => ({ id, entity }));
    } else {
      list = without(list, change.left);
      for (const [index, diff] of change.changed) {
        const entry = list[index];
        if (!entry || !this.#game.applyDiff) throw misfit('a changed entity is not there');
        this.#game.applyDiff(entry.entity, diff);
      }
      for (const [id, entity] of change.entered) {
        const at = place(list, id);
        if (list[at]?.id === id) throw misfit('an entity entered twice');
        list.splice(at, 0, { id, entity });
      }
    }
    if (list.length > 0) this.cells.set(cell, list);
    else this.cells.delete(cell);
  }
}

/**
 * The list without the entries at these ascending indices.
 * @template E
 * @param {Entry<E>[]} list
 * @param {number[]} left
 */
function without(list, left) {
  if (left.length === 0) return list;
  if (/** @type {number} */ (left.at(-1)) >= list.length) {
    throw misfit('an entity that left is not there');
  }
  let next = 0;
  return list.filter((_, index) => {
    if (index !== left[next]) return true;
    next += 1;
    return false;
  });
}

/**
 * Where an id is in a list, or where it belongs.
 * @param {readonly { id: number }[]} list
 * @param {number} id
 */
function place(list, id) {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (/** @type {{ id: number }} */ (list[middle]).id < id) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** @param {string} message */
function misfit(message) {
  return new MirrorError('misfit', `the snapshot does not fit what it is applied to: ${message}`);
}
