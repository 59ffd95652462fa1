/**
 * The picture: a camera, and everything in front of it.
 *
 * Draws sprites at the device's resolution and allocates nothing per thing. Where a
 * machine is too slow for that, the resolution goes down until it is not.
 */

import { CONTROLS, EFFECTS, POSITION_ONE, TURN } from '../sdk/arena.js';
import { Backdrop } from './backdrop.js';
import { context } from './dom.js';
import { STICK_REACH } from './input.js';
import * as palette from './palette.js';
import { shotSide } from './scene.js';
import { Labels, makeSprites } from './sprites.js';

/** @import { Entity, Ship, Shot } from '../sdk/arena.js' */
/** @import { Thing } from '../sdk/index.js' */
/** @import { Effects } from './effects.js' */
/** @import { Controls, Stick } from './input.js' */
/** @import { Sprite } from './sprites.js' */

/** What a screen shows at most, in units: less than the server lets a player see. */
const SIGHT = { width: 1360, height: 900 };
/** Denser screens look no better, and cost four times as much. */
const MAX_DENSITY = 2;
/** Pictures that take longer than so many milliseconds, for so many in a row. */
const SLOW_MS = 24;
const SLOW_PICTURES = 90;
const ROUND = Math.PI * 2;
/** Health that is whole. */
const WHOLE = { ship: 100, drone: 40 };

/** What part of the plane is seen. Places in units, sizes in device pixels. */
export class Camera {
  x = 0;
  y = 0;
  width = 1;
  height = 1;
  /** Device pixels per CSS pixel. */
  pixels = 1;
  /** Device pixels per unit. */
  scale = 1;
  left = 0;
  top = 0;
  right = 0;
  bottom = 0;

  /** @param {number} x @param {number} y */
  look(x, y) {
    this.x = x;
    this.y = y;
    const halfWidth = this.width / 2 / this.scale;
    const halfHeight = this.height / 2 / this.scale;
    this.left = x - halfWidth;
    this.right = x + halfWidth;
    this.top = y - halfHeight;
    this.bottom = y + halfHeight;
  }

  /** Keeps a thing in the middle. @param {Thing<unknown>} thing */
  follow({ pose: [x = 0, y = 0] }) {
    this.look(x / POSITION_ONE, y / POSITION_ONE);
  }

  /** @param {number} x @param {number} y @param {number} [margin] In units. */
  shows(x, y, margin = 0) {
    return (
      x > this.left - margin &&
      x < this.right + margin &&
      y > this.top - margin &&
      y < this.bottom + margin
    );
  }

  /** How far a place is from the middle. @param {number} x @param {number} y */
  distance(x, y) {
    return Math.hypot(x - this.x, y - this.y);
  }
}

/** The picture. */
export class View {
  camera = new Camera();
  backdrop = new Backdrop();
  #canvas;
  #ctx;
  #sprites = makeSprites(1);
  #labels = new Labels(1);
  /** How much of the density is used, 0.5 to 1. */
  #quality = 1;
  #slow = 0;
  /** Fixes the scale, in CSS pixels per unit; by default the window decides. @type {number | null} */
  #zoom = null;

  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.#canvas = canvas;
    this.#ctx = context(canvas, false);
    // Also when the window moves to a screen of another density.
    new ResizeObserver(() => this.resize()).observe(canvas);
    this.resize();
  }

  /** CSS pixels per unit; null: as the window has it. @param {number | null} zoom */
  set zoom(zoom) {
    if (zoom === this.#zoom) return;
    this.#zoom = zoom;
    this.resize();
  }

  /** The window has another size. */
  resize() {
    const canvas = this.#canvas;
    const density = Math.min(devicePixelRatio || 1, MAX_DENSITY) * this.#quality;
    const { clientWidth, clientHeight } = canvas;
    const width = Math.max(1, Math.round(clientWidth * density));
    const height = Math.max(1, Math.round(clientHeight * density));
    const fitting = Math.max(clientWidth / SIGHT.width, clientHeight / SIGHT.height);
    const scale = (this.#zoom ?? fitting) * density;
    const { camera } = this;
    if (camera.width === width && camera.height === height && camera.scale === scale) return;
    canvas.width = width;
    canvas.height = height;
    const wasScale = camera.scale;
    Object.assign(camera, { width, height, scale, pixels: density });
    camera.look(camera.x, camera.y);
    this.backdrop.resize(width, height);
    if (wasScale !== scale) this.#sprites = makeSprites(Math.max(scale, 0.3 * density));
    this.#labels = new Labels(density);
  }

  /**
   * A picture took so long: too slow for too long, and it gets coarser.
   * @param {number} ms
   */
  took(ms) {
    // A pause is no picture: the page was hidden.
    if (ms > 250) return;
    this.#slow = ms > SLOW_MS ? this.#slow + 1 : Math.max(0, this.#slow - 2);
    if (this.#slow < SLOW_PICTURES) return;
    this.#slow = 0;
    if (this.camera.pixels * 0.75 < 0.6) return;
    this.#quality *= 0.75;
    this.resize();
  }

  /**
   * @param {readonly Thing<Entity>[]} things
   * @param {object} how
   * @param {number} how.size The plane's side in units; 0 if there is none yet.
   * @param {number} how.myShip The id of the player's ship, or -1.
   * @param {number} how.me The player's id, or 0.
   * @param {Effects} how.effects
   * @param {number} how.now In milliseconds.
   * @param {boolean} [how.isCoarse] From far off: dots instead of details.
   */
  draw(things, { size, myShip, me, effects, now, isCoarse = false }) {
    const ctx = this.#ctx;
    const { camera } = this;
    camera.look(camera.x + effects.shakeX, camera.y + effects.shakeY);
    this.backdrop.draw(ctx, camera, size);
    for (const { entity, pose } of things) {
      if (entity.type !== 'pickup' || !this.#shows(pose)) continue;
      this.#sprite(this.#sprites.pickups[entity.kind], pose, Math.sin(now / 600) * 0.12);
    }
    for (const { entity, pose } of things) {
      if (entity.type === 'shot' && this.#shows(pose)) this.#shot(entity, pose, me);
    }
    effects.draw(ctx, camera, this.#sprites);
    for (const { id, entity, pose } of things) {
      if (entity.type === 'ship' && this.#shows(pose)) this.#ship(entity, pose, id === myShip, id, now);
    }
    if (!isCoarse) {
      for (const { id, entity, pose } of things) {
        if (entity.type === 'ship' && this.#shows(pose)) this.#signs(entity, pose, id === myShip, now);
      }
    }
    ctx.globalAlpha = 1;
    ctx.setTransform(1, 0, 0, 1, 0, 0);
  }

  /** The thumbs. @param {Controls} controls */
  drawSticks({ touches, left, right }) {
    if (!touches) return;
    const { width, height } = this.#canvas.getBoundingClientRect();
    this.#stick(left, Math.min(96, width * 0.2), height - 120, palette.INK);
    this.#stick(right, width - Math.min(96, width * 0.2), height - 120, palette.OWN);
  }

  /** @param {Stick} stick @param {number} x @param {number} y @param {string} colour */
  #stick(stick, x, y, colour) {
    const ctx = this.#ctx;
    const { pixels } = this.camera;
    const isHeld = stick.pointer >= 0;
    ctx.globalAlpha = isHeld ? 0.5 : 0.2;
    ctx.strokeStyle = ctx.fillStyle = colour;
    ctx.lineWidth = 1.5 * pixels;
    ctx.beginPath();
    ctx.arc((isHeld ? stick.x0 : x) * pixels, (isHeld ? stick.y0 : y) * pixels, STICK_REACH * pixels, 0, ROUND);
    ctx.stroke();
    ctx.beginPath();
    ctx.arc((isHeld ? stick.x : x) * pixels, (isHeld ? stick.y : y) * pixels, 22 * pixels, 0, ROUND);
    ctx.fill();
    ctx.globalAlpha = 1;
  }

  /** @param {readonly number[]} pose */
  #shows(pose) {
    const x = /** @type {number} */ (pose[0]) / POSITION_ONE;
    const y = /** @type {number} */ (pose[1]) / POSITION_ONE;
    return this.camera.shows(x, y, 48);
  }

  /** @param {Sprite} sprite @param {readonly number[]} pose @param {number} angle */
  #sprite({ image, half }, pose, angle) {
    const { scale, left, top } = this.camera;
    const x = (/** @type {number} */ (pose[0]) / POSITION_ONE - left) * scale;
    const y = (/** @type {number} */ (pose[1]) / POSITION_ONE - top) * scale;
    const cos = Math.cos(angle);
    const sin = Math.sin(angle);
    this.#ctx.setTransform(cos, sin, -sin, cos, x, y);
    this.#ctx.drawImage(image, -half, -half);
  }

  /** @param {Shot} shot @param {readonly number[]} pose @param {number} me */
  #shot(shot, pose, me) {
    const { ownShot, foeShot, droneShot } = this.#sprites;
    const side = shotSide(shot, me);
    const sprite = side === 'own' ? ownShot : side === 'foe' ? foeShot : droneShot;
    this.#sprite(sprite, pose, Math.atan2(shot.vy, shot.vx));
  }

  /** @param {Ship} ship @param {readonly number[]} pose @param {boolean} isMine @param {number} id @param {number} now */
  #ship({ effects, controls }, pose, isMine, id, now) {
    const ctx = this.#ctx;
    const sprites = this.#sprites;
    const angle = (/** @type {number} */ (pose[2]) / TURN) * ROUND;
    const isDrone = (effects & EFFECTS.DRONE) !== 0;
    if (controls & CONTROLS.THRUST && !isDrone) {
      const flames = isMine ? sprites.ownFlames : sprites.foeFlames;
      const flame = flames[(Math.floor(now / 45) + id) % flames.length];
      const { scale, left, top } = this.camera;
      const cos = Math.cos(angle);
      const sin = Math.sin(angle);
      const x = (/** @type {number} */ (pose[0]) / POSITION_ONE - left - cos * 8) * scale;
      const y = (/** @type {number} */ (pose[1]) / POSITION_ONE - top - sin * 8) * scale;
      ctx.setTransform(cos, sin, -sin, cos, x, y);
      if (flame) ctx.drawImage(flame.image, -flame.half, -flame.half);
    }
    this.#sprite(isMine ? sprites.own : isDrone ? sprites.drone : sprites.foe, pose, angle);
    if (effects & EFFECTS.RAPID) this.#sprite(sprites.rapid, pose, angle);
    if (effects & EFFECTS.SHIELD) {
      ctx.globalAlpha = 0.65 + 0.35 * Math.sin(now / 160 + id);
      this.#sprite(sprites.shield, pose, now / 1600);
      ctx.globalAlpha = 1;
    }
  }

  /** Health and name. @param {Ship} ship @param {readonly number[]} pose @param {boolean} isMine @param {number} now */
  #signs({ effects, health, name }, pose, isMine, now) {
    const ctx = this.#ctx;
    const { scale, left, top } = this.camera;
    const x = (/** @type {number} */ (pose[0]) / POSITION_ONE - left) * scale;
    const y = (/** @type {number} */ (pose[1]) / POSITION_ONE - top) * scale;
    const isDrone = (effects & EFFECTS.DRONE) !== 0;
    const part = health / (isDrone ? WHOLE.drone : WHOLE.ship);
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    if (part < 1) {
      const { image, half } = this.#sprites.health(isMine ? 'own' : isDrone ? 'drone' : 'foe', part);
      // It lies closer to a ship without a shield around.
      const up = effects & EFFECTS.SHIELD ? 0 : 6 * scale;
      if (isMine && part <= 0.4) ctx.globalAlpha = 0.6 + 0.4 * Math.sin(now / 90);
      ctx.drawImage(image, x - half, y - half - up);
      ctx.globalAlpha = 1;
    }
    if (isMine || isDrone || name === '') return;
    const label = this.#labels.get(name);
    ctx.drawImage(label, Math.round(x - label.width / 2), Math.round(y + 32 * scale));
  }
}
