/** A line over the last two minutes, one value a second. */

import { context } from '../arena/dom.js';

/** Values that are shown. */
const KEPT = 120;

/** A small chart. */
export class Chart {
  /** @type {number[]} */
  #values = [];
  #ctx;
  #pixels;
  #colour;

  /** @param {HTMLCanvasElement} canvas @param {string} colour */
  constructor(canvas, colour) {
    this.#pixels = Math.min(devicePixelRatio || 1, 2);
    canvas.width *= this.#pixels;
    canvas.height *= this.#pixels;
    this.#ctx = context(canvas);
    this.#colour = colour;
  }

  /**
   * One more value.
   * @param {number} value
   * @param {number} top What the chart reaches up to at least.
   * @param {number | null} due Where it ought to be: a line.
   */
  push(value, top, due) {
    this.#values.push(value);
    if (this.#values.length > KEPT) this.#values.shift();
    const ctx = this.#ctx;
    const { width, height } = ctx.canvas;
    const step = width / (KEPT - 1);
    const full = Math.max(top, 1.25 * Math.max(...this.#values));
    const y = (/** @type {number} */ value) => height - (value / full) * (height - 2 * this.#pixels);
    ctx.clearRect(0, 0, width, height);
    if (due !== null) {
      ctx.fillStyle = 'rgba(234, 240, 251, 0.28)';
      ctx.fillRect(0, Math.round(y(due)), width, this.#pixels);
    }

    const start = width - (this.#values.length - 1) * step;
    ctx.beginPath();
    this.#values.forEach((value, i) => ctx.lineTo(start + i * step, y(value)));
    ctx.strokeStyle = this.#colour;
    ctx.lineWidth = 1.5 * this.#pixels;
    ctx.lineJoin = 'round';
    ctx.stroke();
    ctx.lineTo(width, height);
    ctx.lineTo(start, height);
    ctx.globalAlpha = 0.16;
    ctx.fillStyle = this.#colour;
    ctx.fill();
    ctx.globalAlpha = 1;
  }
}
