/**
 * When to try again.
 *
 * Pauses grow with each connection that did not last, and are never alike for all who
 * were thrown out together. Time and chance are arguments.
 */

/** The first pause, and the longest, in milliseconds. */
const FIRST_MS = 250;
const LONGEST_MS = 10_000;
/** A server may ask for no longer one. */
const ASKED_MS = 600_000;
/** A connection that lasted so long was a good one: pauses start small again. */
const GOOD_MS = 5000;

/** The pauses of one client. */
export class Backoff {
  #failures = 0;
  /** The server does not want an attempt before this time. */
  #notBefore = 0;

  /**
   * A connection ended; in how many milliseconds to try again.
   * @param {object} end
   * @param {number} end.now
   * @param {number} end.lasted How long the player was welcome.
   * @param {number} end.atLeast What the server asked for.
   * @param {number} end.random 0 to 1.
   */
  after({ now, lasted, atLeast, random }) {
    if (lasted >= GOOD_MS) this.#failures = 0;
    const pause = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(this.#failures, 10));
    this.#failures += 1;
    atLeast = Math.min(atLeast, ASKED_MS);
    this.#notBefore = now + atLeast;
    return Math.round(atLeast + pause * (0.5 + random / 2));
  }

  /**
   * Whether an attempt may be made sooner, because somebody waits for it.
   * @param {number} now
   */
  mayHurry(now) {
    return now >= this.#notBefore;
  }
}
