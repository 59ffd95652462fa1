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

/** Unanswered inputs at most, in seconds of ticks: more would only be replayed. */
const MAX_PENDING_S = 1.5;

/**
 * @template E
 * @typedef {object} Thing What is drawn of one entity.
 * @property {number} id
 * @property {E} entity Its latest known state; the player's own as predicted.
 * @property {number[]} pose Where it is drawn, smoothly; as the game's `pose`.
 */

/**
 * @template E
 * @typedef {object} View
 * @property {Thing<E> | null} me The player's own, also among the things.
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
    this.predictor.reconcile(id, truth, this.applied, now);
    if (snapshot.pace !== null) {
      this.overload = snapshot.pace.step;
      this.interpolator.pace(snapshot.pace.ticks);
    }
    this.interpolator.record(this.mirror, snapshot.reset, now);
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
   * the others interpolated.
   * @param {number} now
   * @returns {View<E>}
   */
  view(now) {
    const { interpolator, predictor, clock } = this;
    const { follows, pose } = this.#game;
    const { player } = this.welcome;
    if (!pose) return this.#now();
    interpolator.advance(now);
    const part = clock.part(now);
    const myId = this.myId;
    /** @type {Thing<E>[]} */
    const things = [];
    /** @type {Thing<E> | null} */
    let me = null;
    for (const track of interpolator.tracks()) {
      const { id, entity } = track;
      if (id === myId && predictor.entity !== null) continue;
      // A spectator is nobody: number 0 is not his.
      if (player !== 0 && follows?.(entity, player)) {
        if (track.gone) continue;
        // As the player: between the last tick made and the one before.
        const ticks = predictor.pending - 1 + part;
        things.push({ id, entity, pose: interpolator.ahead(entity, ticks, pose(entity)) });
      } else if (!interpolator.isEarly(track)) {
        things.push({ id, entity, pose: interpolator.pose(track) });
      }
    }
    if (myId !== null && predictor.entity !== null) {
      me = { id: myId, entity: predictor.entity, pose: predictor.pose(part, now) };
      things.push(me);
    }
    return { me, things };
  }
  /**
   * Everything as last told, for a game in which nothing moves smoothly.
   * @returns {View<E>}
   */
  #now() {
    const myId = this.myId;
    const things = Array.from(this.mirror.entries(), ({ id, entity }) => {
      const mine = id === myId ? this.predictor.entity : null;
      return { id, entity: mine ?? entity, pose: [] };
    });
    return { me: things.find(({ id }) => id === myId) ?? null, things };
  }
}
