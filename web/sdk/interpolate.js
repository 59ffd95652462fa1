/**
 * The others, a little behind the server, so that there is always a state before and
 * one after what is drawn.
 *
 * Owns how far behind: as long as the server takes from one telling of a thing to the
 * next, which is one snapshot interval unless it says otherwise, and as much as
 * snapshots come late on this link, measured over the last seconds. If one comes later still, what is drawn
 * goes on by the game's own prediction.
 */

import { between } from './pose.js';

/** @import { Game } from './protocol.js' */
/** @import { Mirror } from './mirror.js' */

/** How many snapshots the lateness is measured over. */
const WINDOW = 64;
/** How much faster or slower than real time the drawn time may go. */
const SLEW = 0.1;
/** A drawn time further off than so many milliseconds is jumped to. */
const JUMP_MS = 500;
/** How much of the past is kept at most, in milliseconds. */
const MAX_PAST_MS = 2000;
/** How far prediction goes on without a snapshot, in milliseconds. */
const MAX_AHEAD_MS = 250;

/**
 * @template E
 * @typedef {object} Track One thing's recent past.
 * @property {number} id
 * @property {E} entity Its latest state.
 * @property {{ age: number, pose: number[] }[]} samples
 * @property {number} seen The age at which it was last there.
 * @property {boolean} gone
 */

/**
 * @template E, R
 */
export class Interpolator {
  /** How far behind the server's newest state is drawn, in milliseconds. */
  delay;
  #game;
  #rules;
  #perTick;
  /** From one telling to the next, as of now. */
  #interval;
  /** @type {Map<number, Track<E>>} */
  #tracks = new Map();
  /** For each of the last snapshots, when it came after its tick's beginning. */
  #lateness = /** @type {number[]} */ ([]);
  /** For each of them, the interval at that time: a delay that comes and goes would be
   * seen. */
  #intervals = /** @type {number[]} */ ([]);
  #soonest = 0;
  /** The newest age there is. */
  #newest = 0;
  /** The age that is drawn. @type {number | null} */
  #drawn = null;
  #drawnAt = 0;

  /**
   * @param {Game<any, E, any, any, R>} game
   * @param {{ rules: R, tickRate: number, snapshotRate: number }} welcome
   */
  constructor(game, { rules, tickRate, snapshotRate }) {
    this.#game = game;
    this.#rules = rules;
    this.#perTick = 1000 / tickRate;
    this.#interval = 1000 / snapshotRate;
    this.delay = this.#interval;
  }

  /**
   * Things are told only every so many ticks from now on.
   * @param {number} ticks
   */
  pace(ticks) {
    this.#interval = Math.min(ticks * this.#perTick, MAX_PAST_MS / 2);
  }

  /**
   * A snapshot was applied to the mirror.
   * @param {Mirror<E, any, R>} mirror
   * @param {boolean} reset Whether it started over.
   * @param {number} now
   */
  record(mirror, reset, now) {
    const { age } = mirror;
    this.#measure(now - age * this.#perTick);
    if (reset) this.#tracks.clear();
    const pose = this.#game.pose ?? (() => []);
    for (const { id, entity } of mirror.entries()) {
      let track = this.#tracks.get(id);
      if (!track || track.gone) {
        track = { id, entity, samples: [], seen: age, gone: false };
        this.#tracks.set(id, track);
      }
      track.entity = entity;
      track.seen = age;
      track.samples.push({ age, pose: pose(entity) });
    }
    for (const track of this.#tracks.values()) {
      if (track.seen === age || track.gone) continue;
      // The mirror has advanced it once more before it was taken out.
      track.gone = true;
      track.samples.push({ age, pose: pose(track.entity) });
    }
    this.#newest = age;
    // Without anyone drawing, the past must not grow.
    this.#forget(Math.max(this.#drawn ?? -Infinity, age - MAX_PAST_MS / this.#perTick));
  }

  /**
   * Moves the drawn time on; call it once per picture, before {@link pose}.
   * @param {number} now
   */
  advance(now) {
    const target = (now - this.#soonest - this.delay) / this.#perTick;
    const passed = Math.max(0, now - this.#drawnAt) / this.#perTick;
    this.#drawnAt = now;
    if (this.#drawn === null || Math.abs(target - this.#drawn) > JUMP_MS / this.#perTick) {
      this.#drawn = target;
    } else {
      const off = target - this.#drawn - passed;
      const slew = passed * SLEW;
      this.#drawn += passed + Math.min(slew, Math.max(-slew, off));
    }
    this.#forget(this.#drawn);
  }

  /**
   * What is there: all that came and is not yet gone at the drawn time.
   * @returns {Iterable<Track<E>>}
   */
  tracks() {
    return this.#tracks.values();
  }

  /**
   * Whether it came later than what is drawn.
   * @param {Track<E>} track
   */
  isEarly(track) {
    const first = /** @type {{ age: number }} */ (track.samples[0]);
    return this.#drawn !== null && first.age > this.#drawn;
  }

  /**
   * Where to draw it now.
   * @param {Track<E>} track
   * @returns {number[]}
   */
  pose(track) {
    const { samples } = track;
    const drawn = this.#drawn ?? this.#newest;
    const next = samples.findIndex(({ age }) => age > drawn);
    if (next > 0) {
      const a = /** @type {Track<E>['samples'][0]} */ (samples[next - 1]);
      const b = /** @type {Track<E>['samples'][0]} */ (samples[next]);
      const part = (drawn - a.age) / (b.age - a.age);
      return between(a.pose, b.pose, part, this.#game.wraps ?? []);
    }
    const only = /** @type {Track<E>['samples'][0]} */ (next === 0 ? samples[0] : samples.at(-1));
    if (next === 0 || track.gone) return only.pose;
    const ahead = Math.min(drawn - only.age, MAX_AHEAD_MS / this.#perTick);
    return this.ahead(track.entity, ahead, only.pose);
  }

  /**
   * Where an entity will be, some ticks and a part of one after its latest state.
   * @param {E} entity
   * @param {number} ticks
   * @param {number[]} from Its pose now.
   * @returns {number[]}
   */
  ahead(entity, ticks, from) {
    const { pose, predict, clone = structuredClone, wraps = [] } = this.#game;
    if (!pose || !predict || ticks <= 0) return from;
    const future = clone(entity);
    for (let i = 1; i <= ticks; i++) predict(future, this.#rules);
    const a = pose(future);
    predict(future, this.#rules);
    return between(a, pose(future), ticks % 1, wraps);
  }

  /** @param {number} lateness */
  #measure(lateness) {
    this.#lateness.push(lateness);
    this.#intervals.push(this.#interval);
    if (this.#lateness.length > WINDOW) {
      this.#lateness.shift();
      this.#intervals.shift();
    }
    const sorted = [...this.#lateness].sort((a, b) => a - b);
    const late = /** @type {number} */ (sorted[Math.floor((sorted.length - 1) * 0.95)]);
    this.#soonest = /** @type {number} */ (sorted[0]);
    this.delay = Math.max(...this.#intervals) + Math.min(late - this.#soonest, JUMP_MS);
  }

  /** Drops what is no longer needed to draw this age. @param {number} drawn */
  #forget(drawn) {
    for (const track of this.#tracks.values()) {
      const { samples } = track;
      while (samples.length > 1 && /** @type {{ age: number }} */ (samples[1]).age <= drawn) {
        samples.shift();
      }
      if (track.gone && /** @type {{ age: number }} */ (samples.at(-1)).age <= drawn) {
        this.#tracks.delete(track.id);
      }
    }
  }
}
