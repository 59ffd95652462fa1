/**
 * The player's own entity, ahead of the server.
 *
 * Owns the inputs that the server has not yet applied: each is simulated at once, and
 * all of them again on every state that the server tells. As long as both agree, bit
 * for bit, nothing is seen; where they do not, what is drawn glides to the truth.
 *
 * Between two ticks the entity is drawn on its way to where the controls, as they are
 * now, will have it at the next one: a key shows in the next picture, not at the next
 * tick.
 */

import { between, difference, length, plus } from './pose.js';

/** @import { Game } from './protocol.js' */

/** What is left of an error after so many milliseconds: a third. */
const GLIDE_MS = 80;

/**
 * @template I, E, R
 */
export class Predictor {
  /** The entity after all inputs, or null while there is none. @type {E | null} */
  entity = null;
  /** How far off the last prediction was, in the game's unit of place. */
  error = 0;
  /** The largest so far. */
  worstError = 0;
  /** How often a prediction was off. */
  corrections = 0;
  #game;
  #rules;
  /** @type {number | null} */
  #id = null;
  /** What the player wants: as last drawn or made. @type {I | undefined} */
  #wanted;
  /** @type {{ seq: number, input: I }[]} */
  #pending = [];
  /** What is still drawn beside the truth, and since when. @type {number[]} */
  #offset = [];
  #offsetAt = 0;
  /** Objects to copy an entity into, and rows to write a pose into. @type {E | undefined} */
  #spare;
  /** @type {E | undefined} */
  #next;
  /** @type {number[]} */
  #a = [];
  /** @type {number[]} */
  #b = [];

  /**
   * @param {Game<I, E, any, any, R>} game
   * @param {R} rules
   */
  constructor(game, rules) {
    this.#game = game;
    this.#rules = rules;
  }

  /** Inputs that the server has not yet said it applied. */
  get pending() {
    return this.#pending.length;
  }

  /**
   * The player wants this in the tick made now.
   * @param {number} seq
   * @param {I} input It is kept until the server has applied it.
   */
  push(seq, input) {
    this.#pending.push({ seq, input });
    this.#wanted = input;
    if (this.entity !== null) this.#step(this.entity, input);
  }

  /**
   * The server's truth: its entity (or null), and the last input in it.
   * @param {number | null} id
   * @param {E | null} truth
   * @param {number} applied
   * @param {number} now
   * @param {number} [part] How much of the next tick has passed.
   */
  reconcile(id, truth, applied, now, part = 0) {
    const pending = this.#pending;
    let done = 0;
    while (done < pending.length && !isAfter(/** @type {any} */ (pending[done]).seq, applied)) {
      done += 1;
    }
    if (done > 0) pending.splice(0, done);
    const old = id === this.#id ? this.entity : null;
    this.#id = id;
    if (truth === null) {
      this.entity = null;
      this.#offset.length = 0;
      return;
    }
    const entity = this.#copy(truth, this.#spare);
    for (const { input } of pending) this.#step(entity, input);
    this.#spare = this.entity ?? undefined;
    this.entity = entity;
    this.#correct(old, entity, part, now);
  }

  /**
   * The entity as it will be after one more tick, if the player goes on like this. It is
   * the same object each time.
   * @param {I} [input] What he wants now. Left out: as before.
   * @returns {E | null}
   */
  ahead(input) {
    if (input !== undefined) this.#wanted = input;
    return this.entity === null ? null : this.#ahead(this.entity);
  }

  /**
   * Where to draw it.
   * @param {number} part How much of the next tick has passed.
   * @param {number} now
   * @param {number[]} [into]
   * @returns {number[]}
   */
  pose(part, now, into = []) {
    if (!this.#game.pose || this.entity === null) return into;
    this.#draw(this.entity, part, into);
    return plus(into, this.#offset, this.#left(now), into);
  }

  /** @param {E | null} old @param {E} entity @param {number} part @param {number} now */
  #correct(old, entity, part, now) {
    const { pose, wraps = [], snap = Infinity } = this.#game;
    this.error = 0;
    if (old === null || !pose) {
      this.#offset.length = 0;
      return;
    }
    const step = difference(pose(old, this.#a), pose(entity, this.#b), wraps, this.#a);
    this.error = length(step);
    if (step.some((value) => value !== 0)) {
      this.worstError = Math.max(this.worstError, this.error);
      this.corrections += 1;
    }
    // What was drawn is drawn on: the difference is taken where both are drawn now, which
    // may be one of speed alone.
    const drawn = this.#draw(old, part, []);
    const off = difference(drawn, this.#draw(entity, part, []), wraps, drawn);
    if (off.every((value) => value === 0)) return;
    if (this.error > snap) this.#offset.length = 0;
    else this.#offset = plus(off, this.#offset, this.#left(now), off);
    this.#offsetAt = now;
  }

  /** @param {E} entity @param {number} part @param {number[]} into */
  #draw(entity, part, into) {
    const { pose, wraps = [] } = this.#game;
    if (!pose) return into;
    const from = pose(entity, this.#a);
    return between(from, pose(this.#ahead(entity), this.#b), part, wraps, into);
  }

  /** @param {E} entity */
  #ahead(entity) {
    const next = this.#copy(entity, this.#next);
    this.#next = next;
    if (this.#wanted !== undefined) this.#step(next, this.#wanted);
    return next;
  }

  /** How much of an error is still drawn. @param {number} now */
  #left(now) {
    return Math.exp(-Math.max(0, now - this.#offsetAt) / GLIDE_MS);
  }

  /** @param {E} entity @param {I} input */
  #step(entity, input) {
    this.#game.steer?.(entity, input);
    this.#game.predict?.(entity, this.#rules);
  }

  /** @param {E} entity @param {E | undefined} into */
  #copy(entity, into) {
    const { clone } = this.#game;
    return clone ? clone(entity, into) : structuredClone(entity);
  }
}

/** Whether a number comes after another, on the circle of 32 bits. @param {number} a @param {number} b */
function isAfter(a, b) {
  return ((a - b) | 0) > 0;
}
