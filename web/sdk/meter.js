/**
 * What goes over a link, counted, and how a client does in figures.
 */

/** @import { Session } from './session.js' */

/** Counts what goes over the link. */
export class Meter {
  rtt = /** @type {number | null} */ (null);
  gap = 0;
  snapshots = 0;
  shed = 0;
  bytesIn = 0;
  bytesOut = 0;
  inPerS = 0;
  outPerS = 0;
  #snapshotAt = /** @type {number | null} */ (null);

  /** @param {number} ms */
  roundTrip(ms) {
    this.rtt = this.rtt === null ? ms : this.rtt + (ms - this.rtt) / 4;
  }

  /** @param {number} now */
  snapshot(now) {
    this.gap = now - (this.#snapshotAt ?? now);
    this.#snapshotAt = now;
    this.snapshots += 1;
  }

  /** A second has passed, more or less. @param {number} ms */
  turn(ms) {
    if (ms <= 0) return;
    this.inPerS = Math.round((this.bytesIn * 1000) / ms);
    this.outPerS = Math.round((this.bytesOut * 1000) / ms);
    this.bytesIn = this.bytesOut = 0;
  }
}

/**
 * The figures of a client.
 * @param {Meter} meter
 * @param {Session<any, any, any, any, any> | null} session
 */
export function statsOf(meter, session) {
  return {
    /** Round trip in milliseconds; null before the first pong. */
    rtt: meter.rtt,
    /** Milliseconds between the last two snapshots. */
    snapshotGap: meter.gap,
    snapshots: meter.snapshots,
    bytesInPerS: meter.inPerS,
    bytesOutPerS: meter.outPerS,
    /** Inputs that were dropped because the link was jammed. */
    shed: meter.shed,
    /** Inputs that wait at the server. */
    waiting: session?.waiting ?? 0,
    /** Inputs not yet applied. */
    pending: session?.predictor.pending ?? 0,
    /** The pace of the client's clock; 1 is the room's. */
    speed: session?.clock.speed ?? 1,
    /** How far behind the others are drawn, in milliseconds. */
    delay: session?.interpolator.delay ?? 0,
    /** How far off the last prediction was, in the game's unit of place. */
    predictionError: session?.predictor.error ?? 0,
    worstPredictionError: session?.predictor.worstError ?? 0,
    corrections: session?.predictor.corrections ?? 0,
    entities: session?.mirror.size ?? 0,
  };
}
