/**
 * The others, a little behind the server, so that there is always a state before and
 * one after what is drawn.
 *
 * Owns how far behind: as long as the server takes from one telling of a thing to the
 * next, which is one snapshot interval unless it says otherwise, and as much as
 * snapshots come late on this link, measured over the last seconds. If one comes later still, what is drawn
 * goes on by the game's own prediction.
 */

import { between, plus } from './pose.js';

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
/** @type {readonly number[]} */
const NONE = [];

/**
 * @template E
 * @typedef {object} Thing What is drawn of one entity.
 * @property {number} id
 * @property {E} entity Its latest known state; the player's own as predicted.
 * @property {number[]} pose Where it is drawn, smoothly; as the game's `pose`.
 */

/** @typedef {{ age: number, pose: number[] }} Sample */

/**
 * @template E
 * @typedef {object} Track One thing's recent past.
 * @property {number} id
 * @property {E} entity Its latest state.
 * @property {Sample[]} samples
 * @property {number} born The age at which it came.
 * @property {number} seen The age at which it was last there.
 * @property {boolean} gone
 * @property {Thing<E>} thing What is drawn of it, the same object each time.
 * @property {E | undefined} future An object to predict it in.
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
  /** The age that is drawn; not a number before the first picture. */
  #drawn = NaN;
  #drawnAt = 0;
  /** Samples that are no longer needed, to be used again. @type {Sample[]} */
  #spare = [];
  /** @type {number[]} */
  #row = [];

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
   * A snapshot was applied to the mirror. One that starts over is none of its own here:
   * what was there and still is goes on.
   * @param {Mirror<E, any, R>} mirror
   * @param {number} now
   */
  record(mirror, now) {
    const { age } = mirror;
    this.#measure(now - age * this.#perTick);
    for (const { id, entity } of mirror.entries()) {
      let track = this.#tracks.get(id);
      if (!track || track.gone) {
        const thing = { id, entity, pose: [] };
        const came = { born: age, seen: age, gone: false };
        track = { id, entity, samples: [], ...came, thing, future: undefined };
        this.#tracks.set(id, track);
      }
      track.entity = track.thing.entity = entity;
      track.seen = age;
      this.#sample(track, age);
    }
    for (const track of this.#tracks.values()) {
      if (track.seen === age || track.gone) continue;
      // The mirror has advanced it once more before it was taken out.
      track.gone = true;
      this.#sample(track, age);
    }
    // Without anyone drawing, the past must not grow.
    const past = age - MAX_PAST_MS / this.#perTick;
    this.#forget(this.#drawn > past ? this.#drawn : past);
  }

  /**
   * Moves the drawn time on; call it once per picture, before {@link pose}.
   * @param {number} now
   */
  advance(now) {
    const target = (now - this.#soonest - this.delay) / this.#perTick;
    const passed = Math.max(0, now - this.#drawnAt) / this.#perTick;
    this.#drawnAt = now;
    if (Number.isNaN(this.#drawn) || Math.abs(target - this.#drawn) > JUMP_MS / this.#perTick) {
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
    // Not by its first sample: the drawn time may jump back, to where nothing is kept.
    return track.born > this.#drawn;
  }

  /**
   * Where to draw it now: written into its thing's pose.
   * @param {Track<E>} track
   * @returns {number[]}
   */
  pose(track) {
    const { samples, thing } = track;
    const drawn = this.#drawn;
    let next = 0;
    while (next < samples.length && /** @type {Sample} */ (samples[next]).age <= drawn) next += 1;
    if (next > 0 && next < samples.length) {
      const a = /** @type {Sample} */ (samples[next - 1]);
      const b = /** @type {Sample} */ (samples[next]);
      const part = (drawn - a.age) / (b.age - a.age);
      return between(a.pose, b.pose, part, this.#game.wraps ?? NONE, thing.pose);
    }
    const only = /** @type {Sample} */ (samples[Math.max(0, next - 1)]);
    if (next === 0 || track.gone) return plus(only.pose, NONE, 0, thing.pose);
    return this.ahead(track, Math.min(drawn - only.age, MAX_AHEAD_MS / this.#perTick));
  }

  /**
   * Where it will be, some ticks and a part of one after its latest state: written into
   * its thing's pose.
   * @param {Track<E>} track
   * @param {number} ticks
   * @returns {number[]}
   */
  ahead(track, ticks) {
    const { pose, predict, clone, wraps = NONE } = this.#game;
    const { entity, thing } = track;
    if (!pose) return thing.pose;
    if (!predict || ticks <= 0) return pose(entity, thing.pose);
    const future = clone ? clone(entity, track.future) : structuredClone(entity);
    track.future = future;
    for (let i = 1; i <= ticks; i++) predict(future, this.#rules);
    pose(future, thing.pose);
    predict(future, this.#rules);
    return between(thing.pose, pose(future, this.#row), ticks % 1, wraps, thing.pose);
  }

  /** @param {Track<E>} track @param {number} age */
  #sample(track, age) {
    const sample = this.#spare.pop() ?? { age, pose: [] };
    sample.age = age;
    this.#game.pose?.(track.entity, sample.pose);
    track.samples.push(sample);
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
      while (samples.length > 1 && /** @type {Sample} */ (samples[1]).age <= drawn) {
        this.#spare.push(/** @type {Sample} */ (samples.shift()));
      }
      if (track.gone && /** @type {Sample} */ (samples[samples.length - 1]).age <= drawn) {
        this.#tracks.delete(track.id);
      }
    }
  }
}
