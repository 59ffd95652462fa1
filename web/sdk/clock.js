/**
 * When the client ticks.
 *
 * Owns the client's pace: the room's tick rate, a little faster or slower, so that at
 * the server one input always waits and hardly ever two. Knows no clock: the time, in
 * milliseconds, is an argument.
 */

/** How many inputs are to wait at the server at the worst moment of a second. */
const TARGET = 1;
/** How much the pace changes per input too many or too few. */
const GAIN = 0.02;
const SLOWEST = 0.8;
const FASTEST = 1.1;
/** After a longer pause, in milliseconds, ticks are skipped and not made up for. */
const MAX_PAUSE_MS = 150;
/** At least and at most so many are made up for: the server holds 16 inputs. */
const CATCH_UP = { least: 3, most: 12 };

/** A client's pace. */
export class TickClock {
  /** The pace: 1 is the room's own. */
  speed = 1;
  /** Ticks that were skipped: the page was hidden, or busy. */
  skipped = 0;
  #perTick;
  #maxDue;
  #last;
  /** Ticks due, and a part of the next. The first is due at once. */
  #due = 1;
  /** @type {number[]} */
  #waiting = [];
  #window;

  /**
   * @param {number} tickRate
   * @param {number} snapshotRate
   * @param {number} now
   */
  constructor(tickRate, snapshotRate, now) {
    this.#perTick = 1000 / tickRate;
    const catchUp = Math.floor(MAX_PAUSE_MS / this.#perTick);
    this.#maxDue = 1 + Math.min(CATCH_UP.most, Math.max(CATCH_UP.least, catchUp));
    this.#window = Math.max(4, snapshotRate);
    this.#last = now;
  }

  /**
   * How many ticks are due now; the caller makes them.
   * @param {number} now
   */
  advance(now) {
    this.#due += (Math.max(0, now - this.#last) / this.#perTick) * this.speed;
    this.#last = now;
    if (this.#due >= this.#maxDue) {
      this.skipped += Math.floor(this.#due) - 1;
      this.#due = 1;
      this.#waiting = [];
    }
    const ticks = Math.floor(this.#due);
    this.#due -= ticks;
    return ticks;
  }

  /**
   * How much of the next tick has passed, as of a time not before the last
   * {@link advance}.
   * @param {number} now
   */
  part(now) {
    const since = (Math.max(0, now - this.#last) / this.#perTick) * this.speed;
    return Math.min(1, this.#due + since);
  }

  /**
   * The server says how many inputs wait.
   * @param {number} waiting
   */
  steer(waiting) {
    this.#waiting.push(waiting);
    if (this.#waiting.length > this.#window) this.#waiting.shift();
    const excess = Math.min(...this.#waiting) - TARGET;
    this.speed = Math.min(FASTEST, Math.max(SLOWEST, 1 - GAIN * excess));
  }
}
