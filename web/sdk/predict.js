/**
 * The player's own entity, ahead of the server.
 *
 * Owns the inputs that the server has not yet applied: each is simulated at once, and
 * all of them again on every state that the server tells. As long as both agree, bit
 * for bit, nothing is seen; where they do not, what is drawn glides to the truth.
 */

import { difference, length, plus, between } from './pose.js';

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
  /** The entity one tick earlier. @type {E | null} */
  #before = null;
  /** @type {{ seq: number, input: I }[]} */
  #pending = [];
  /** What is still drawn beside the truth. @type {number[]} */
  #offset = [];
  #offsetAt = 0;

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
   * The player wants this now.
   * @param {number} seq
   * @param {I} input
   */
  push(seq, input) {
    this.#pending.push({ seq, input });
    if (this.entity === null) return;
    this.#before = this.#clone(this.entity);
    this.#step(this.entity, input);
  }

  /**
   * The server's truth: its entity (or null), and the last input in it.
   * @param {number | null} id
   * @param {E | null} truth
   * @param {number} applied
   * @param {number} now
   */
  reconcile(id, truth, applied, now) {
    this.#pending = this.#pending.filter(({ seq }) => ((seq - applied) | 0) > 0);
    const old = id === this.#id ? this.entity : null;
    this.#id = id;
    if (truth === null) {
      this.entity = this.#before = null;
      this.#offset = [];
      return;
    }
    const entity = this.#clone(truth);
    let before = truth;
    this.#pending.forEach(({ input }, index) => {
      if (index === this.#pending.length - 1) before = this.#clone(entity);
      this.#step(entity, input);
    });
    this.entity = entity;
    this.#before = before === truth ? this.#clone(truth) : before;
    this.#correct(old, entity, now);
  }

  /**
   * Where to draw it.
   * @param {number} part How much of the next tick has passed.
   * @param {number} now
   * @returns {number[]}
   */
  pose(part, now) {
    const { pose, wraps = [] } = this.#game;
    if (!pose || this.entity === null || this.#before === null) return [];
    const drawn = between(pose(this.#before), pose(this.entity), part, wraps);
    return plus(drawn, this.#decayed(now));
  }

  /** @param {E | null} old @param {E} entity @param {number} now */
  #correct(old, entity, now) {
    const { pose, wraps = [], snap = Infinity } = this.#game;
    this.error = 0;
    if (old === null || !pose) {
      this.#offset = [];
      return;
    }
    const off = difference(pose(old), pose(entity), wraps);
    if (off.every((value) => value === 0)) return;
    this.error = length(off);
    this.worstError = Math.max(this.worstError, this.error);
    this.corrections += 1;
    this.#offset = this.error > snap ? [] : plus(off, this.#decayed(now));
    this.#offsetAt = now;
  }

  /** @param {number} now */
  #decayed(now) {
    const left = Math.exp(-Math.max(0, now - this.#offsetAt) / GLIDE_MS);
    return this.#offset.map((value) => value * left);
  }

  /** @param {E} entity @param {I} input */
  #step(entity, input) {
    this.#game.steer?.(entity, input);
    this.#game.predict?.(entity, this.#rules);
  }

  /** @param {E} entity */
  #clone(entity) {
    return (this.#game.clone ?? structuredClone)(entity);
  }
}
