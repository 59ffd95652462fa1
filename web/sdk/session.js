/**
 * A player in a room, from the welcome to the end of the connection, without a socket.
 *
 * Owns the mirror, the clock, the prediction of the player himself and the
 * interpolation of the others. Time is an argument, in milliseconds.
 */

import { TickClock } from './clock.js';
import { Interpolator } from './interpolate.js';
import { Mirror } from './mirror.js';
import { Predictor } from './predict.js';

/** @import { Game, Snapshot, Welcome } from './protocol.js' */
/** @import { Thing, Track } from './interpolate.js' */

/** Unanswered inputs at most, in seconds of ticks: more would only be replayed. */
const MAX_PENDING_S = 1.5;

/**
 * @template E
 * @typedef {object} View
 * @property {Thing<E> | null} me The player's own, also among the things: its entity as
 *   it will be at the next tick, with the controls as they are now.
 * @property {Thing<E>[]} things
 */

/**
 * @template I, E, O, V, R
 */
export class Session {
  /** The player's own part, as last told. @type {O | null} */
  own = null;
  /** The number of the last input made. */
  seq;
  /** The number of the last input that the server applied. */
  applied;
  /** How many inputs waited at the server. */
  waiting = 0;
  /** How far the room has degraded under overload: 0 (not at all) to 4. */
  overload = 0;
  #game;
  #maxPending;
  /** @type {View<E>} */
  #view = { me: null, things: [] };
  /** What is drawn of the player himself. @type {Thing<E> | null} */
  #me = null;

  /**
   * @param {Game<I, E, O, V, R>} game
   * @param {Welcome<R>} welcome
   * @param {number} now
   */
  constructor(game, welcome, now) {
    this.#game = game;
    this.welcome = welcome;
    this.seq = this.applied = welcome.applied;
    this.#maxPending = Math.ceil(MAX_PENDING_S * welcome.tickRate);
    /** @type {Mirror<E, O, R>} */
    this.mirror = new Mirror(game, welcome.tick, welcome.rules);
    this.clock = new TickClock(welcome.tickRate, welcome.snapshotRate, now);
    /** @type {Predictor<I, E, R>} */
    this.predictor = new Predictor(game, welcome.rules);
    /** @type {Interpolator<E, R>} */
    this.interpolator = new Interpolator(game, welcome);
  }

  /** The id of the entity that the player moves. */
  get myId() {
    return this.own === null ? null : (this.#game.ownEntity?.(this.own) ?? null);
  }

  /**
   * A snapshot came.
   * @param {Snapshot<E, O>} snapshot
   * @param {number} now
   * @throws {MirrorError | DecodeError} The session is then of no use any more.
   */
  snapshot(snapshot, now) {
    this.mirror.apply(snapshot);
    this.applied = (this.applied + snapshot.applied) >>> 0;
    this.waiting = snapshot.waiting;
    if (snapshot.own !== null) this.own = snapshot.own;
    const id = this.myId;
    const truth = id === null ? null : this.mirror.get(id);
    this.predictor.reconcile(id, truth, this.applied, now, this.clock.part(now));
    if (snapshot.pace !== null) {
      this.overload = snapshot.pace.step;
      this.interpolator.pace(snapshot.pace.ticks);
    }
    this.interpolator.record(this.mirror, now);
    this.clock.steer(snapshot.waiting);
  }

  /** Whether the link is so far behind that further inputs make no sense. */
  get isFull() {
    return this.predictor.pending >= this.#maxPending;
  }

  /**
   * One tick of the player: what to send for it.
   * @param {I} input
   */
  tick(input) {
    this.seq = (this.seq + 1) >>> 0;
    this.predictor.push(this.seq, input);
    const ahead = (this.seq - this.applied) >>> 0;
    const tick = (this.mirror.tick + ahead) >>> 0;
    return { seq: this.seq, tick, received: this.mirror.tick, input };
  }

  /**
   * What to draw now: the player as predicted, what follows him in the same time, and
   * the others interpolated. The view, its list, its things and their poses are the same
   * objects in the next picture, with other contents: a picture makes no garbage.
   * @param {number} now
   * @param {I} [input] What the player wants now: it shows at once, before the tick that
   *   sends it. Left out: as in the last tick.
   * @returns {View<E>}
   */
  view(now, input) {
    const { interpolator } = this;
    const view = this.#view;
    const { things } = view;
    const part = this.clock.part(now);
    const mine = this.predictor.entity === null ? null : this.myId;
    interpolator.advance(now);
    let count = 0;
    for (const track of interpolator.tracks()) {
      if (track.id === mine || !this.#place(track, part)) continue;
      things[count] = track.thing;
      count += 1;
    }
    view.me = mine === null ? null : this.#own(mine, part, now, input);
    if (view.me !== null) {
      things[count] = view.me;
      count += 1;
    }
    if (things.length > count) things.length = count;
    return view;
  }

  /**
   * Puts a thing where it is drawn; gives whether it is there.
   * @param {Track<E>} track
   * @param {number} part
   */
  #place(track, part) {
    const { follows, pose } = this.#game;
    const { interpolator, predictor } = this;
    const { player } = this.welcome;
    // Where nothing moves smoothly, all is as last told.
    if (!pose) return !track.gone;
    // A spectator is nobody: number 0 is not his.
    if (player !== 0 && follows?.(track.entity, player)) {
      if (track.gone) return false;
      // In the player's own time, which is after all inputs and a part of the next.
      interpolator.ahead(track, predictor.pending + part);
      return true;
    }
    if (interpolator.isEarly(track)) return false;
    interpolator.pose(track);
    return true;
  }

  /** @param {number} id @param {number} part @param {number} now @param {I | undefined} input */
  #own(id, part, now, input) {
    const entity = /** @type {E} */ (this.predictor.ahead(input));
    if (this.#me?.id !== id) this.#me = { id, entity, pose: [] };
    this.predictor.pose(part, now, this.#me.pose);
    this.#me.entity = entity;
    return this.#me;
  }
}
