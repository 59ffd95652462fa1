/**
 * Arithmetic of poses: rows of numbers that are drawn, the first two a place, some of
 * them angles that come round.
 */

/**
 * What leads from `b` to `a`, the short way round.
 * @param {readonly number[]} a
 * @param {readonly number[]} b
 * @param {readonly number[]} wraps The size of each number's circle; 0 or missing
 *   for what is no angle.
 */
export function difference(a, b, wraps) {
  return a.map((value, i) => {
    const step = value - (b[i] ?? value);
    const circle = wraps[i];
    return circle ? step - circle * Math.round(step / circle) : step;
  });
}

/**
 * `base` and so much of `step`.
 * @param {readonly number[]} base
 * @param {readonly number[]} step
 * @param {number} part
 */
export function plus(base, step, part = 1) {
  return base.map((value, i) => value + (step[i] ?? 0) * part);
}

/**
 * The pose a part of the way from `a` to `b`.
 * @param {readonly number[]} a
 * @param {readonly number[]} b
 * @param {number} part 0 to 1.
 * @param {readonly number[]} wraps
 */
export function between(a, b, part, wraps) {
  return plus(a, difference(b, a, wraps), part);
}

/**
 * How far apart two places are.
 * @param {readonly number[]} step
 */
export function length([x = 0, y = 0]) {
  return Math.hypot(x, y);
}
