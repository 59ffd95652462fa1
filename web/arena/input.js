/**
 * What the player wants: keyboard, mouse and touch, as one input per tick.
 *
 * A key that was pressed and released between two ticks still counts for one. While a
 * button or a field has the focus, keys are the browser's.
 */

import { CONTROLS, TURN } from '../sdk/arena.js';

/** @import { Input } from '../sdk/arena.js' */

const { THRUST, LEFT, RIGHT, AIM, BRAKE, FIRE } = CONTROLS;

/** By the place on the keyboard, so that WASD is where it is on every layout. @type {Record<string, number>} */
const KEYS = {
  ArrowUp: THRUST,
  KeyW: THRUST,
  ArrowLeft: LEFT,
  KeyA: LEFT,
  ArrowRight: RIGHT,
  KeyD: RIGHT,
  ArrowDown: BRAKE,
  KeyS: BRAKE,
  Space: FIRE,
};

/** Beyond this many pixels a thumb steers, and from the next on it thrusts. */
const STICK_DEAD = 10;
const STICK_THRUST = 34;
/** How far a stick's knob goes. */
export const STICK_REACH = 56;
/** A mouse that moved less has only been bumped. */
const MOUSE_BUMP = 3;

/**
 * @typedef {object} Stick
 * @property {number} pointer The id of the finger, or -1.
 * @property {number} x0 Where it was put down, in CSS pixels.
 * @property {number} y0
 * @property {number} x Where it is.
 * @property {number} y
 */

/** The player's controls. */
export class Controls {
  /** Whether this is for fingers: the sticks are shown then. */
  touches = matchMedia('(hover: none) and (pointer: coarse)').matches;
  /** The left thumb flies. @type {Stick} */
  left = stick();
  /** The right thumb fires and aims. @type {Stick} */
  right = stick();
  /** Bits held, and bits that were pressed since the last tick. */
  #held = 0;
  #pressed = 0;
  /** Bits of the mouse's buttons. */
  #mouse = 0;
  /** Whether the mouse aims, or the keys turn. */
  #mouseAims = false;
  #pointerX = 0;
  #pointerY = 0;
  /** Where the ship is on the screen, in CSS pixels. */
  #shipX = 0;
  #shipY = 0;
  #aim = 0;
  /** @type {Input} */
  #now = { controls: 0, aim: 0 };

  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    addEventListener('keydown', (event) => this.#key(event, true));
    addEventListener('keyup', (event) => this.#key(event, false));
    addEventListener('blur', () => this.release());
    canvas.addEventListener('contextmenu', (event) => event.preventDefault());
    canvas.addEventListener('pointerdown', (event) => this.#down(event, canvas));
    canvas.addEventListener('pointermove', (event) => this.#move(event));
    for (const type of /** @type {const} */ (['pointerup', 'pointercancel', 'lostpointercapture'])) {
      canvas.addEventListener(type, (event) => this.#up(event));
    }
  }

  /** Lets go of everything. */
  release() {
    this.#held = this.#pressed = this.#mouse = 0;
    this.left.pointer = this.right.pointer = -1;
  }

  /**
   * Where the ship is, for what aims at a place. In CSS pixels.
   * @param {number} x
   * @param {number} y
   */
  setShip(x, y) {
    this.#shipX = x;
    this.#shipY = y;
  }

  /** The input for one tick. @returns {Input} */
  take() {
    const { controls, aim } = this.peek();
    this.#pressed = 0;
    return { controls, aim };
  }

  /** What the next tick's input is as of now: the same object each time. @returns {Input} */
  peek() {
    let controls = this.#held | this.#pressed | this.#mouse;
    const { left, right } = this;
    if (left.pointer >= 0 || right.pointer >= 0) {
      if (right.pointer >= 0) controls |= FIRE;
      if (far(left) > STICK_THRUST) controls |= THRUST;
      // The thumb that fires aims, if it moves; else the one that flies.
      const aiming = far(right) > STICK_DEAD * 2 ? right : far(left) > STICK_DEAD ? left : null;
      if (aiming) {
        controls |= AIM;
        this.#aimAlong(aiming.x - aiming.x0, aiming.y - aiming.y0);
      }
    } else if (this.#mouseAims) {
      controls |= AIM;
      this.#aimAlong(this.#pointerX - this.#shipX, this.#pointerY - this.#shipY);
    }
    this.#now.controls = controls;
    this.#now.aim = this.#aim;
    return this.#now;
  }

  /** @param {number} x @param {number} y */
  #aimAlong(x, y) {
    if (x !== 0 || y !== 0) {
      this.#aim = Math.round((Math.atan2(y, x) / (2 * Math.PI)) * TURN) & (TURN - 1);
    }
  }

  /** @param {KeyboardEvent} event @param {boolean} isDown */
  #key(event, isDown) {
    const bit = KEYS[event.code];
    if (bit === undefined) return;
    if (!isDown) {
      this.#held &= ~bit;
      return;
    }
    if (isElsewhere(event)) return;
    event.preventDefault();
    if (event.repeat) return;
    this.#held |= bit;
    this.#pressed |= bit;
    if (bit & (LEFT | RIGHT)) this.#mouseAims = false;
  }

  /** @param {PointerEvent} event @param {HTMLCanvasElement} canvas */
  #down(event, canvas) {
    const { pointerType, pointerId, clientX: x, clientY: y } = event;
    if (pointerType === 'mouse') {
      this.#pointAt(event, true);
      this.#buttons(event.buttons);
    } else {
      this.touches = true;
      const side = x < canvas.clientWidth / 2 ? this.left : this.right;
      if (side.pointer < 0) Object.assign(side, { pointer: pointerId, x0: x, y0: y, x, y });
    }
    canvas.setPointerCapture(pointerId);
    canvas.focus({ preventScroll: true });
    event.preventDefault();
  }

  /** @param {PointerEvent} event */
  #move(event) {
    if (event.pointerType === 'mouse') {
      this.#pointAt(event, false);
      this.#buttons(event.buttons);
      return;
    }
    for (const side of [this.left, this.right]) {
      if (side.pointer !== event.pointerId) continue;
      side.x = event.clientX;
      side.y = event.clientY;
      // The stick comes along with a thumb that goes too far.
      const over = far(side) - STICK_REACH;
      if (over > 0) {
        const part = over / (over + STICK_REACH);
        side.x0 += (side.x - side.x0) * part;
        side.y0 += (side.y - side.y0) * part;
      }
    }
  }

  /** @param {PointerEvent} event */
  #up(event) {
    if (event.pointerType === 'mouse') {
      this.#buttons(event.buttons);
      return;
    }
    for (const side of [this.left, this.right]) {
      if (side.pointer === event.pointerId) side.pointer = -1;
    }
  }

  /** @param {PointerEvent} event @param {boolean} isMeant */
  #pointAt({ clientX, clientY }, isMeant) {
    const moved = Math.hypot(clientX - this.#pointerX, clientY - this.#pointerY);
    if (!isMeant && !this.#mouseAims && moved < MOUSE_BUMP) return;
    this.#mouseAims = true;
    this.#pointerX = clientX;
    this.#pointerY = clientY;
  }

  /** @param {number} buttons */
  #buttons(buttons) {
    const now = (buttons & 1 ? FIRE : 0) | (buttons & 2 ? THRUST : 0);
    this.#pressed |= now & ~this.#mouse;
    this.#mouse = now;
  }
}

/** Whether a key belongs to something that has the focus. @param {KeyboardEvent} event */
export function isElsewhere({ target, ctrlKey, metaKey, altKey }) {
  if (ctrlKey || metaKey || altKey) return true;
  return target instanceof Element && target.closest('input, button, select, a, dialog') !== null;
}

/** @returns {Stick} */
function stick() {
  return { pointer: -1, x0: 0, y0: 0, x: 0, y: 0 };
}

/** How far a stick is pushed. @param {Stick} stick */
function far({ pointer, x0, y0, x, y }) {
  return pointer < 0 ? 0 : Math.hypot(x - x0, y - y0);
}
