/**
 * Arithmetic of poses: rows of numbers that are drawn, the first two a place, some of
 * them angles that come round.
 *
 * Everything is written into a row that the caller brings, so that a picture makes no
 * garbage. A row that is written into may be one that is read.
 */

/**
 * What leads from `b` to `a`, the short way round.
 * @param {readonly number[]} a
 * @param {readonly number[]} b
 * @param {readonly number[]} wraps The size of each number's circle; 0 or missing
 *   for what is no angle.
 * @param {number[]} into
 */
export function difference(a, b, wraps, into) {
  for (let i = 0; i < a.length; i++) {
    const value = /** @type {number} */ (a[i]);
    into[i] = short(value - (b[i] ?? value), wraps[i]);
  }
  return into;
}

/**
 * `base` and so much of `step`.
 * @param {readonly number[]} base
 * @param {readonly number[]} step
 * @param {number} part
 * @param {number[]} into
 */
export function plus(base, step, part, into) {
  for (let i = 0; i < base.length; i++) {
    into[i] = /** @type {number} */ (base[i]) + (step[i] ?? 0) * part;
  }
  return into;
}

/**
 * The pose a part of the way from `a` to `b`.
 * @param {readonly number[]} a
 * @param {readonly number[]} b
 * @param {number} part 0 to 1.
 * @param {readonly number[]} wraps
 * @param {number[]} into
 */
export function between(a, b, part, wraps, into) {
  for (let i = 0; i < a.length; i++) {
    const from = /** @type {number} */ (a[i]);
    into[i] = from + short((b[i] ?? from) - from, wraps[i]) * part;
  }
  return into;
}

/**
 * How far apart two places are.
 * @param {readonly number[]} step
 */
export function length([x = 0, y = 0]) {
  return Math.hypot(x, y);
}

/** @param {number} step @param {number | undefined} circle */
function short(step, circle) {
  return circle ? step - circle * Math.round(step / circle) : step;
}
