/**
 * What lies behind everything: a faint nebula, stars in three depths, a grid, and the
 * border of the plane. It is what motion is felt by.
 */

import { context } from './dom.js';
import { BORDER, GRID, HATCH, MARK, OUTSIDE, SPACE } from './palette.js';

/** @import { Camera } from './view.js' */

/** Stars repeat after so many CSS pixels. */
const TILE = 640;
/** How fast each depth goes by, how many stars it has in a tile, their size and light. */
const DEPTHS = [
  { speed: 0.12, count: 70, size: 0.9, alpha: 0.4 },
  { speed: 0.3, count: 40, size: 1.2, alpha: 0.6 },
  { speed: 0.55, count: 16, size: 1.6, alpha: 0.85 },
];
/** From one line of the grid to the next, in units. */
const MESH = 256;

/** The same stars at every visit (a linear congruential generator, Numerical Recipes). */
function random(seed = 7) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** The backdrop. */
export class Backdrop {
  #stars = DEPTHS.map(({ count }, depth) => {
    const next = random(depth + 1);
    return Float32Array.from({ length: count * 2 }, () => next() * TILE);
  });
  /** The sky without stars, as large as the view. */
  #sky = document.createElement('canvas');

  /** @param {number} width @param {number} height In device pixels. */
  resize(width, height) {
    this.#sky.width = width;
    this.#sky.height = height;
    const ctx = context(this.#sky, false);
    ctx.fillStyle = SPACE;
    ctx.fillRect(0, 0, width, height);
    const far = Math.max(width, height);
    for (const [x, y, size, colour] of /** @type {const} */ ([
      [0.18, 0.22, 0.6, 'rgba(46, 74, 150, 0.42)'],
      [0.85, 0.75, 0.65, 'rgba(84, 46, 122, 0.36)'],
      [0.7, 0.1, 0.4, 'rgba(24, 100, 120, 0.24)'],
    ])) {
      const cloud = ctx.createRadialGradient(x * width, y * height, 0, x * width, y * height, size * far);
      cloud.addColorStop(0, colour);
      cloud.addColorStop(1, 'transparent');
      ctx.fillStyle = cloud;
      ctx.fillRect(0, 0, width, height);
    }
  }

  /** @param {CanvasRenderingContext2D} ctx @param {Camera} camera @param {number} size The plane's side in units, or 0. */
  draw(ctx, camera, size) {
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    // Opaque and as large as the view: it also wipes the last picture.
    ctx.drawImage(this.#sky, 0, 0);
    this.#drawStars(ctx, camera);
    if (size > 0) {
      this.#drawGrid(ctx, camera, size);
      this.#drawBorder(ctx, camera, size);
    }
  }

  /** @param {CanvasRenderingContext2D} ctx @param {Camera} camera */
  #drawStars(ctx, { x, y, scale, pixels, width, height }) {
    const tile = TILE * pixels;
    ctx.fillStyle = '#cfdcf5';
    DEPTHS.forEach(({ speed, size, alpha }, depth) => {
      const stars = /** @type {Float32Array} */ (this.#stars[depth]);
      const dx = wrap(-x * scale * speed, tile);
      const dy = wrap(-y * scale * speed, tile);
      const side = size * pixels;
      ctx.globalAlpha = alpha;
      for (let i = 0; i < stars.length; i += 2) {
        const sx = wrap(/** @type {number} */ (stars[i]) * pixels + dx, tile);
        const sy = wrap(/** @type {number} */ (stars[i + 1]) * pixels + dy, tile);
        for (let px = sx; px < width; px += tile) {
          for (let py = sy; py < height; py += tile) ctx.fillRect(px, py, side, side);
        }
      }
    });
    ctx.globalAlpha = 1;
  }

  /** @param {CanvasRenderingContext2D} ctx @param {Camera} camera @param {number} size */
  #drawGrid(ctx, { left, top, right, bottom, scale, pixels }, size) {
    // From far off every fourth line is enough.
    const mesh = scale / pixels < 0.3 ? MESH * 4 : MESH;
    const x0 = Math.max(0, Math.ceil(left / mesh) * mesh);
    const y0 = Math.max(0, Math.ceil(top / mesh) * mesh);
    const x1 = Math.min(size, right);
    const y1 = Math.min(size, bottom);
    ctx.lineWidth = pixels;
    ctx.strokeStyle = GRID;
    ctx.beginPath();
    for (let x = x0; x <= x1; x += mesh) {
      ctx.moveTo((x - left) * scale, (Math.max(0, top) - top) * scale);
      ctx.lineTo((x - left) * scale, (y1 - top) * scale);
    }
    for (let y = y0; y <= y1; y += mesh) {
      ctx.moveTo((Math.max(0, left) - left) * scale, (y - top) * scale);
      ctx.lineTo((x1 - left) * scale, (y - top) * scale);
    }
    ctx.stroke();

    ctx.strokeStyle = MARK;
    const arm = 4 * pixels;
    ctx.beginPath();
    for (let x = x0; x <= x1; x += mesh) {
      const px = (x - left) * scale;
      for (let y = y0; y <= y1; y += mesh) {
        const py = (y - top) * scale;
        ctx.moveTo(px - arm, py);
        ctx.lineTo(px + arm, py);
        ctx.moveTo(px, py - arm);
        ctx.lineTo(px, py + arm);
      }
    }
    ctx.stroke();
  }

  /** @param {CanvasRenderingContext2D} ctx @param {Camera} camera @param {number} size */
  #drawBorder(ctx, { left, top, right, bottom, scale, pixels, width, height }, size) {
    if (left >= 0 && top >= 0 && right <= size && bottom <= size) return;
    const x0 = -left * scale;
    const y0 = -top * scale;
    const x1 = (size - left) * scale;
    const y1 = (size - top) * scale;
    ctx.save();
    ctx.beginPath();
    ctx.rect(0, 0, width, height);
    ctx.rect(x0, y0, x1 - x0, y1 - y0);
    ctx.clip('evenodd');
    ctx.fillStyle = OUTSIDE;
    ctx.fillRect(0, 0, width, height);
    // Lines that stand still on the plane: nobody goes there.
    const step = 26 * pixels;
    const tilt = height;
    ctx.strokeStyle = HATCH;
    ctx.lineWidth = 1.5 * pixels;
    ctx.beginPath();
    for (let x = wrap(x0 + y0, step) - step - tilt; x < width + tilt; x += step) {
      ctx.moveTo(x + tilt, 0);
      ctx.lineTo(x, height);
    }
    ctx.stroke();
    ctx.restore();
    ctx.strokeStyle = BORDER;
    ctx.lineWidth = 2 * pixels;
    ctx.strokeRect(x0, y0, x1 - x0, y1 - y0);
    ctx.globalAlpha = 0.18;
    ctx.lineWidth = 10 * pixels;
    ctx.strokeRect(x0, y0, x1 - x0, y1 - y0);
    ctx.globalAlpha = 1;
  }
}

/** @param {number} value @param {number} size */
function wrap(value, size) {
  return ((value % size) + size) % size;
}
