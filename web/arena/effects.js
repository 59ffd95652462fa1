/**
 * What passes: sparks, rings, floating words, the shaking of the view.
 *
 * Everything lives in fixed arrays that are made once, so that a busy moment gives the
 * garbage collector nothing to do. Full is full: the oldest make room. Places are in
 * units, times in seconds.
 */

import { lessMotion } from './dom.js';
import { DOTS } from './sprites.js';

/** @import { Sprites } from './sprites.js' */
/** @import { Camera } from './view.js' */

const SPARKS = 512;
const RINGS = 32;
const WORDS = 16;
const ROUND = Math.PI * 2;

/** Everything that passes. */
export class Effects {
  #next = 0;
  #x = new Float32Array(SPARKS);
  #y = new Float32Array(SPARKS);
  #vx = new Float32Array(SPARKS);
  #vy = new Float32Array(SPARKS);
  #left = new Float32Array(SPARKS);
  #life = new Float32Array(SPARKS).fill(1);
  #size = new Float32Array(SPARKS);
  #kind = new Uint8Array(SPARKS);
  #rings = Array.from({ length: RINGS }, () => ({
    x: 0, y: 0, from: 0, to: 0, left: 0, life: 1, width: 1, colour: '',
  }));
  #nextRing = 0;
  #words = Array.from({ length: WORDS }, () => ({ x: 0, y: 0, left: 0, text: '', colour: '' }));
  #nextWord = 0;
  /** How much the view shakes, 0 to 1. */
  #shaking = 0;

  /** By how much the view is off, in units. */
  shakeX = 0;
  shakeY = 0;

  /**
   * One spark.
   * @param {number} x
   * @param {number} y
   * @param {number} vx
   * @param {number} vy
   * @param {number} life
   * @param {number} size Its radius.
   * @param {number} kind One of {@link DOTS}.
   */
  spark(x, y, vx, vy, life, size, kind) {
    const i = this.#next;
    this.#next = (i + 1) % SPARKS;
    this.#x[i] = x;
    this.#y[i] = y;
    this.#vx[i] = vx;
    this.#vy[i] = vy;
    this.#left[i] = this.#life[i] = life;
    this.#size[i] = size;
    this.#kind[i] = kind;
  }

  /**
   * Sparks in all directions.
   * @param {number} x
   * @param {number} y
   * @param {number} count
   * @param {number} speed
   * @param {number} life
   * @param {number} kind
   */
  burst(x, y, count, speed, life, kind) {
    for (let i = 0; i < count; i++) {
      const angle = Math.random() * ROUND;
      const fast = speed * (0.2 + 0.8 * Math.random());
      const age = life * (0.5 + 0.5 * Math.random());
      const size = 1.5 + Math.random() * 3;
      this.spark(x, y, Math.cos(angle) * fast, Math.sin(angle) * fast, age, size, kind);
    }
  }

  /**
   * A ring that grows and fades.
   * @param {number} x
   * @param {number} y
   * @param {number} from
   * @param {number} to
   * @param {number} life
   * @param {number} width
   * @param {string} colour
   */
  ring(x, y, from, to, life, width, colour) {
    const ring = this.#rings[this.#nextRing];
    this.#nextRing = (this.#nextRing + 1) % RINGS;
    if (ring) Object.assign(ring, { x, y, from, to, left: life, life, width, colour });
  }

  /** A word that rises and fades. @param {number} x @param {number} y @param {string} text @param {string} colour */
  word(x, y, text, colour) {
    const word = this.#words[this.#nextWord];
    this.#nextWord = (this.#nextWord + 1) % WORDS;
    if (word) Object.assign(word, { x, y, text, colour, left: 1 });
  }

  /** A ship is destroyed. @param {number} x @param {number} y @param {number} kind @param {string} colour */
  explode(x, y, kind, colour) {
    this.burst(x, y, 26, 300, 0.9, kind);
    this.burst(x, y, 14, 150, 0.6, DOTS.hot);
    this.spark(x, y, 0, 0, 0.22, 46, DOTS.hot);
    this.ring(x, y, 8, 80, 0.5, 3, colour);
  }

  /** @param {number} strength 0 to 1. */
  shake(strength) {
    if (!lessMotion.matches) this.#shaking = Math.min(1, this.#shaking + strength);
  }

  /** Time passes. @param {number} dt */
  advance(dt) {
    const drag = Math.exp(-2.2 * dt);
    for (let i = 0; i < SPARKS; i++) {
      const left = /** @type {number} */ (this.#left[i]);
      if (left <= 0) continue;
      const vx = /** @type {number} */ (this.#vx[i]);
      const vy = /** @type {number} */ (this.#vy[i]);
      this.#left[i] = left - dt;
      this.#x[i] = /** @type {number} */ (this.#x[i]) + vx * dt;
      this.#y[i] = /** @type {number} */ (this.#y[i]) + vy * dt;
      this.#vx[i] = vx * drag;
      this.#vy[i] = vy * drag;
    }
    for (const ring of this.#rings) ring.left -= dt;
    for (const word of this.#words) {
      word.left -= dt;
      word.y -= 26 * dt;
    }
    this.#shaking *= Math.exp(-6 * dt);
    const reach = this.#shaking * this.#shaking * 16;
    this.shakeX = (Math.random() * 2 - 1) * reach;
    this.shakeY = (Math.random() * 2 - 1) * reach;
  }

  /** @param {CanvasRenderingContext2D} ctx @param {Camera} camera @param {Sprites} sprites */
  draw(ctx, camera, sprites) {
    const { scale, left: x0, top: y0, width, height } = camera;
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    ctx.globalCompositeOperation = 'lighter';
    for (let i = 0; i < SPARKS; i++) {
      const left = /** @type {number} */ (this.#left[i]);
      if (left <= 0) continue;
      const x = (/** @type {number} */ (this.#x[i]) - x0) * scale;
      const y = (/** @type {number} */ (this.#y[i]) - y0) * scale;
      if (x < 0 || y < 0 || x > width || y > height) continue;
      const part = left / /** @type {number} */ (this.#life[i]);
      const size = /** @type {number} */ (this.#size[i]) * scale * (0.4 + 0.6 * part);
      const dot = sprites.dots[/** @type {number} */ (this.#kind[i])];
      if (!dot) continue;
      ctx.globalAlpha = part;
      ctx.drawImage(dot.image, x - size, y - size, size * 2, size * 2);
    }
    for (const ring of this.#rings) {
      if (ring.left <= 0) continue;
      const part = ring.left / ring.life;
      const grown = 1 - part * part;
      ctx.globalAlpha = part;
      ctx.strokeStyle = ring.colour;
      ctx.lineWidth = ring.width * scale * part;
      ctx.beginPath();
      const radius = (ring.from + (ring.to - ring.from) * grown) * scale;
      ctx.arc((ring.x - x0) * scale, (ring.y - y0) * scale, radius, 0, ROUND);
      ctx.stroke();
    }
    ctx.globalCompositeOperation = 'source-over';
    this.#drawWords(ctx, camera);
    ctx.globalAlpha = 1;
  }

  /** @param {CanvasRenderingContext2D} ctx @param {Camera} camera */
  #drawWords(ctx, { scale, left, top, pixels }) {
    let isSet = false;
    for (const word of this.#words) {
      if (word.left <= 0) continue;
      if (!isSet) {
        ctx.font = `700 ${13 * pixels}px system-ui, sans-serif`;
        ctx.textAlign = 'center';
        isSet = true;
      }
      ctx.globalAlpha = Math.min(1, word.left * 2);
      ctx.fillStyle = word.colour;
      ctx.fillText(word.text, (word.x - left) * scale, (word.y - top) * scale);
    }
  }
}
