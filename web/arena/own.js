/**
 * The player's own ship, without the wait for the next tick.
 *
 * The prediction knows the ship after the last tick made. It is drawn between there and
 * where the controls as they are now will have it one tick later, so that a key shows in
 * the very next picture. If the server had it otherwise, what is drawn glides there.
 */

import { arena, predict, TURN } from '../sdk/arena.js';

/** @import { Client } from '../sdk/client.js' */
/** @import { Entity, Event as ArenaEvent, Input, Own, Rules, Ship } from '../sdk/arena.js' */
/** @typedef {Client<Input, Entity, Own, ArenaEvent, Rules>} ArenaClient */

/** What is left of an error after so many milliseconds: a third. */
const GLIDE_MS = 80;

/** Where the player's ship is drawn. */
export class OwnShip {
  /** Whether there is one. */
  flies = false;
  /** Its state one tick ahead: what its controls do shows at once. @type {Ship | null} */
  drawn = null;
  /** Where it is drawn, in the game's units: x, y, heading. */
  pose = [0, 0, 0];
  /** What is drawn beside the truth, and since when. */
  #off = { x: 0, y: 0, heading: 0, at: 0 };
  /** The prediction as last seen. */
  #last = { id: -1, x: 0, y: 0, heading: 0 };
  #next = /** @type {Ship} */ ({});

  get x() {
    return /** @type {number} */ (this.pose[0]);
  }
  get y() {
    return /** @type {number} */ (this.pose[1]);
  }
  get heading() {
    return /** @type {number} */ (this.pose[2]);
  }

  /**
   * To be called after each snapshot: the prediction may have been corrected.
   * @param {ArenaClient} client
   * @param {number} now
   */
  corrected(client, now) {
    const ship = this.#shipOf(client);
    const last = this.#last;
    if (!ship || last.id !== client.session?.myId) {
      this.#off.x = this.#off.y = this.#off.heading = 0;
    } else {
      const x = last.x - ship.x;
      const y = last.y - ship.y;
      const heading = turned(last.heading - ship.heading);
      if (x !== 0 || y !== 0 || heading !== 0) {
        const left = this.#left(now);
        const isFar = Math.hypot(x, y) > (arena.snap ?? Infinity);
        this.#off.x = isFar ? 0 : this.#off.x * left + x;
        this.#off.y = isFar ? 0 : this.#off.y * left + y;
        this.#off.heading = isFar ? 0 : this.#off.heading * left + heading;
        this.#off.at = now;
      }
    }
    this.#note(client);
  }

  /**
   * To be called once per picture, after the ticks were made.
   * @param {ArenaClient} client
   * @param {Input} input What the player wants now.
   * @param {number} now
   */
  update(client, input, now) {
    const { session } = client;
    const ship = this.#shipOf(client);
    this.flies = ship !== null;
    this.drawn = ship && this.#next;
    if (!session || !ship) return;
    this.#note(client);

    const next = Object.assign(this.#next, ship);
    if (client.state === 'playing') {
      arena.steer?.(next, input);
      predict(next, session.welcome.rules);
    }
    const part = session.clock.part(now);
    const left = this.#left(now);
    const { pose } = this;
    pose[0] = ship.x + (next.x - ship.x) * part + this.#off.x * left;
    pose[1] = ship.y + (next.y - ship.y) * part + this.#off.y * left;
    pose[2] = ship.heading + turned(next.heading - ship.heading) * part + this.#off.heading * left;
  }

  /** @param {ArenaClient} client @returns {Ship | null} */
  #shipOf(client) {
    const entity = client.session?.predictor.entity;
    return entity?.type === 'ship' ? entity : null;
  }

  /** @param {ArenaClient} client */
  #note(client) {
    const ship = this.#shipOf(client);
    this.#last.id = ship ? (client.session?.myId ?? -1) : -1;
    if (!ship) return;
    this.#last.x = ship.x;
    this.#last.y = ship.y;
    this.#last.heading = ship.heading;
  }

  /** @param {number} now */
  #left(now) {
    return Math.exp(-Math.max(0, now - this.#off.at) / GLIDE_MS);
  }
}

/** The short way round. @param {number} angle */
function turned(angle) {
  return angle - TURN * Math.round(angle / TURN);
}
