/**
 * What goes over a link, counted.
 */

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
