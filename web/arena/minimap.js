/**
 * The map of the whole plane: who is where, as told once a second, and the player as he
 * is now. Players are bright dots, drones hollow ones.
 */

import { POSITION_ONE, TURN } from '../sdk/arena.js';
import { context } from './dom.js';
import * as palette from './palette.js';

/** @import { Blip } from '../sdk/arena.js' */
/** @import { Thing } from '../sdk/index.js' */
/** @import { Camera } from './view.js' */

const ROUND = Math.PI * 2;
/** Its side, and the margin inside of its frame, in CSS pixels. */
const SIDE = 176;
const MARGIN = 6;

/** The map. */
export class Minimap {
  #canvas;
  #ctx;
  #pixels;
  /** The dots, drawn when they are told. */
  #dots = document.createElement('canvas');

  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.#pixels = Math.min(devicePixelRatio || 1, 2);
    this.#canvas = canvas;
    for (const each of [canvas, this.#dots]) each.width = each.height = SIDE * this.#pixels;
    this.#ctx = context(canvas);
  }

  /** Nobody is known to be anywhere. */
  clear() {
    this.radar([]);
  }

  /** @param {readonly Blip[]} blips */
  radar(blips) {
    const ctx = context(this.#dots);
    const pixels = this.#pixels;
    ctx.clearRect(0, 0, this.#dots.width, this.#dots.height);
    ctx.lineWidth = pixels;
    for (const { x, y, drone } of blips) {
      const [px, py] = this.#place(x / 256, y / 256);
      ctx.beginPath();
      ctx.arc(px, py, (drone ? 1.6 : 2.2) * pixels, 0, ROUND);
      if (drone) {
        ctx.strokeStyle = palette.DRONE;
        ctx.stroke();
      } else {
        ctx.fillStyle = palette.FOE;
        ctx.fill();
      }
    }
  }

  /**
   * @param {number} size The plane's side in units.
   * @param {Camera} camera
   * @param {Thing<unknown> | null} me The player's ship.
   */
  draw(size, camera, me) {
    const ctx = this.#ctx;
    const pixels = this.#pixels;
    const { width, height } = this.#canvas;
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    ctx.clearRect(0, 0, width, height);
    if (size <= 0) return;
    const [x0, y0] = this.#place(Math.max(0, camera.left / size), Math.max(0, camera.top / size));
    const [x1, y1] = this.#place(Math.min(1, camera.right / size), Math.min(1, camera.bottom / size));
    ctx.fillStyle = 'rgba(126, 156, 214, 0.12)';
    ctx.fillRect(x0, y0, x1 - x0, y1 - y0);
    const [left, top] = this.#place(0, 0);
    const [right, bottom] = this.#place(1, 1);
    ctx.strokeStyle = 'rgba(160, 190, 240, 0.35)';
    ctx.lineWidth = pixels;
    ctx.strokeRect(left, top, right - left, bottom - top);
    ctx.drawImage(this.#dots, 0, 0);
    if (!me) return;
    const [x = 0, y = 0, heading = 0] = me.pose;
    const [px, py] = this.#place(x / POSITION_ONE / size, y / POSITION_ONE / size);
    ctx.translate(px, py);
    ctx.rotate((heading / TURN) * ROUND);
    ctx.fillStyle = palette.OWN;
    ctx.strokeStyle = palette.SPACE;
    ctx.beginPath();
    ctx.moveTo(7 * pixels, 0);
    ctx.lineTo(-5 * pixels, -4.5 * pixels);
    ctx.lineTo(-3 * pixels, 0);
    ctx.lineTo(-5 * pixels, 4.5 * pixels);
    ctx.closePath();
    ctx.stroke();
    ctx.fill();
  }

  /** A place on the canvas. @param {number} x 0 to 1. @param {number} y */
  #place(x, y) {
    const margin = MARGIN * this.#pixels;
    const side = this.#canvas.width - 2 * margin;
    return /** @type {const} */ ([margin + x * side, margin + y * side]);
  }
}
