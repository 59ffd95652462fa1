/**
 * Everything that is drawn often, drawn once.
 *
 * A sprite is a small canvas at the device's resolution, with its glow in it: blurring
 * in each picture would cost more than all the rest. Shapes tell the kinds apart:
 * a dart is the player, a manta another, a ring with fins a drone.
 */

import { context } from './dom.js';
import * as palette from './palette.js';

/**
 * @typedef {object} Sprite
 * @property {HTMLCanvasElement} image
 * @property {number} half Half its side, in device pixels.
 */

/**
 * @typedef {object} Sprites
 * @property {Sprite} own
 * @property {Sprite} foe
 * @property {Sprite} drone
 * @property {Sprite} shield
 * @property {Sprite} rapid
 * @property {Sprite[]} ownFlames
 * @property {Sprite[]} foeFlames
 * @property {Sprite} ownShot
 * @property {Sprite} foeShot
 * @property {Sprite} droneShot
 * @property {Record<'repair' | 'rapid' | 'shield', Sprite>} pickups
 * @property {(side: 'own' | 'foe' | 'drone', part: number) => Sprite} health An arc below
 *   a ship: so much of it is left, 0 to 1.
 * @property {Sprite[]} dots Glowing dots, by the numbers in {@link DOTS}.
 */

/** Colours of glowing dots. */
export const DOTS = Object.freeze({ own: 0, foe: 1, drone: 2, hot: 3, repair: 4, shield: 5 });
const DOT_COLOURS = [
  palette.OWN,
  palette.FOE,
  palette.DRONE,
  palette.HOT,
  palette.REPAIR,
  palette.SHIELD,
];

/** An arc of health has so many lengths. */
const HEALTH_STEPS = 20;
/** A circle. */
const ROUND = Math.PI * 2;

/**
 * All of them, for a scale in device pixels per unit.
 * @param {number} scale
 * @returns {Sprites}
 */
export function makeSprites(scale) {
  /** @param {number} half In units. @param {(ctx: CanvasRenderingContext2D) => void} draw */
  const sprite = (half, draw) => {
    const image = document.createElement('canvas');
    image.width = image.height = Math.ceil(half * scale) * 2;
    const ctx = context(image);
    ctx.translate(image.width / 2, image.height / 2);
    ctx.scale(scale, scale);
    ctx.lineJoin = ctx.lineCap = 'round';
    draw(ctx);
    return { image, half: image.width / 2 };
  };
  /** Shadows ignore the scale. @param {CanvasRenderingContext2D} ctx @param {string} colour @param {number} size */
  const glow = (ctx, colour, size) => {
    ctx.shadowColor = colour;
    ctx.shadowBlur = size * scale;
  };

  /** @param {string} colour @param {number[]} outline @param {(ctx: CanvasRenderingContext2D) => void} details */
  const ship = (colour, outline, details) =>
    sprite(40, (ctx) => {
      glow(ctx, colour, 9);
      const hull = ctx.createLinearGradient(-16, 0, 20, 0);
      hull.addColorStop(0, '#0e1526');
      hull.addColorStop(1, '#26324d');
      ctx.fillStyle = hull;
      ctx.strokeStyle = colour;
      ctx.lineWidth = 2;
      polygon(ctx, outline);
      ctx.fill();
      ctx.stroke();
      glow(ctx, 'transparent', 0);
      ctx.stroke();
      details(ctx);
    });

  const own = ship(palette.OWN, [21, 0, -12, -14, -6, 0, -12, 14], (ctx) => {
    ctx.fillStyle = palette.OWN;
    polygon(ctx, [15, 0, -1, -4.5, 1, 0, -1, 4.5]);
    ctx.fill();
  });
  const foe = ship(
    palette.FOE,
    [19, 0, 7, -5, -2, -7, -11, -17, -9, -6, -14, -3, -11, 0, -14, 3, -9, 6, -11, 17, -2, 7, 7, 5],
    (ctx) => {
      ctx.fillStyle = palette.FOE;
      ctx.beginPath();
      ctx.ellipse(5, 0, 5, 2.2, 0, 0, ROUND);
      ctx.fill();
    },
  );
  const drone = sprite(40, (ctx) => {
    glow(ctx, palette.DRONE, 6);
    ctx.strokeStyle = palette.DRONE;
    ctx.lineWidth = 2;
    ctx.fillStyle = '#141627';
    ctx.beginPath();
    for (const angle of [Math.PI * 0.36, Math.PI, -Math.PI * 0.36]) {
      ctx.moveTo(Math.cos(angle) * 10, Math.sin(angle) * 10);
      ctx.lineTo(Math.cos(angle) * 18, Math.sin(angle) * 18);
    }
    ctx.stroke();
    ctx.beginPath();
    ctx.arc(0, 0, 11, 0, ROUND);
    ctx.fill();
    ctx.stroke();
    glow(ctx, 'transparent', 0);
    ctx.fillStyle = palette.DRONE;
    polygon(ctx, [9, 0, -3, -4.5, -3, 4.5]);
    ctx.fill();
  });

  /** @param {string} colour @param {number} length */
  const flame = (colour, length) =>
    sprite(42, (ctx) => {
      const fire = ctx.createLinearGradient(0, 0, -length, 0);
      fire.addColorStop(0, palette.HOT);
      fire.addColorStop(0.4, colour);
      fire.addColorStop(1, `${colour}00`);
      ctx.fillStyle = fire;
      glow(ctx, colour, 6);
      ctx.beginPath();
      ctx.moveTo(0, -5.5);
      ctx.quadraticCurveTo(-length * 0.4, -6, -length, 0);
      ctx.quadraticCurveTo(-length * 0.4, 6, 0, 5.5);
      ctx.fill();
    });
  /** @param {string} colour */
  const flames = (colour) => [24, 32, 27, 35].map((length) => flame(colour, length));

  /** A bolt, or a bead. @param {string} colour @param {number} length @param {number} width */
  const shot = (colour, length, width) =>
    sprite(36, (ctx) => {
      ctx.lineWidth = width;
      ctx.strokeStyle = colour;
      const tail = ctx.createLinearGradient(-length, 0, 2, 0);
      tail.addColorStop(0, `${colour}00`);
      tail.addColorStop(1, colour);
      glow(ctx, colour, 8);
      ctx.strokeStyle = tail;
      line(ctx, -length, 0, 4, 0);
      ctx.strokeStyle = palette.HOT;
      ctx.lineWidth = width * 0.55;
      line(ctx, Math.min(-1, 4 - length * 0.4), 0, 4, 0);
    });

  const shield = sprite(44, (ctx) => {
    const fill = ctx.createRadialGradient(0, 0, 16, 0, 0, 29);
    fill.addColorStop(0, `${palette.SHIELD}00`);
    fill.addColorStop(1, `${palette.SHIELD}38`);
    ctx.fillStyle = fill;
    ctx.beginPath();
    ctx.arc(0, 0, 29, 0, ROUND);
    ctx.fill();
    glow(ctx, palette.SHIELD, 8);
    ctx.strokeStyle = palette.SHIELD;
    ctx.lineWidth = 1.6;
    hexagon(ctx, 29);
    ctx.stroke();
  });
  const rapid = sprite(40, (ctx) => {
    ctx.strokeStyle = palette.RAPID;
    ctx.lineWidth = 2;
    for (const side of [-1, 1]) {
      line(ctx, -2, side * 19, 5, side * 19);
      line(ctx, -10, side * 19, -6, side * 19);
    }
  });

  /** @param {string} colour @param {(ctx: CanvasRenderingContext2D) => void} sign */
  const pickup = (colour, sign) =>
    sprite(36, (ctx) => {
      glow(ctx, colour, 12);
      ctx.strokeStyle = colour;
      ctx.fillStyle = '#0d1424';
      ctx.lineWidth = 1.6;
      polygon(ctx, [0, -17, 17, 0, 0, 17, -17, 0]);
      ctx.fill();
      ctx.stroke();
      glow(ctx, 'transparent', 0);
      ctx.fillStyle = ctx.strokeStyle = colour;
      sign(ctx);
    });
  const pickups = {
    repair: pickup(palette.REPAIR, (ctx) => {
      ctx.fillRect(-7, -2.2, 14, 4.4);
      ctx.fillRect(-2.2, -7, 4.4, 14);
    }),
    rapid: pickup(palette.RAPID, (ctx) => {
      ctx.lineWidth = 2.6;
      for (const x of [-5.5, 0.5]) {
        ctx.beginPath();
        ctx.moveTo(x, -5);
        ctx.lineTo(x + 5, 0);
        ctx.lineTo(x, 5);
        ctx.stroke();
      }
    }),
    shield: pickup(palette.SHIELD, (ctx) => {
      ctx.lineWidth = 2.2;
      hexagon(ctx, 7.5);
      ctx.stroke();
    }),
  };

  /** Arcs that were needed so far, by side and step. @type {Map<number, Sprite>} */
  const arcs = new Map();
  /** @type {Sprites['health']} */
  const health = (side, part) => {
    const step = Math.ceil(Math.min(1, Math.max(0, part)) * HEALTH_STEPS);
    const key = step * DOT_COLOURS.length + DOTS[side];
    let arc = arcs.get(key);
    if (arc) return arc;
    arc = sprite(40, (ctx) => {
      // From left to right.
      const begin = Math.PI * 0.8;
      ctx.lineCap = 'butt';
      ctx.lineWidth = 3;
      ctx.strokeStyle = 'rgba(160, 185, 230, 0.2)';
      ctx.beginPath();
      ctx.arc(0, 0, 35, Math.PI * 0.2, begin);
      ctx.stroke();
      ctx.strokeStyle = String(DOT_COLOURS[DOTS[side]]);
      ctx.beginPath();
      ctx.arc(0, 0, 35, begin - (Math.PI * 0.6 * step) / HEALTH_STEPS, begin);
      ctx.stroke();
    });
    arcs.set(key, arc);
    return arc;
  };

  return {
    own,
    foe,
    drone,
    shield,
    rapid,
    ownFlames: flames(palette.OWN),
    foeFlames: flames(palette.FOE),
    ownShot: shot(palette.OWN, 28, 5),
    foeShot: shot(palette.FOE, 26, 5),
    droneShot: shot(palette.DRONE, 8, 6),
    pickups,
    health,
    dots: DOT_COLOURS.map((colour) =>
      sprite(8, (ctx) => {
        const light = ctx.createRadialGradient(0, 0, 0, 0, 0, 8);
        light.addColorStop(0, palette.HOT);
        light.addColorStop(0.25, colour);
        light.addColorStop(1, `${colour}00`);
        ctx.fillStyle = light;
        ctx.fillRect(-8, -8, 16, 16);
      }),
    ),
  };
}

/** Names under ships, drawn once each. */
export class Labels {
  /** @type {Map<string, HTMLCanvasElement>} */
  #images = new Map();
  #pixels;

  /** @param {number} pixels Device pixels per CSS pixel. */
  constructor(pixels) {
    this.#pixels = pixels;
  }

  /** @param {string} name */
  get(name) {
    let image = this.#images.get(name);
    if (image) return image;
    // Names come and go; those in sight are soon made again.
    if (this.#images.size >= 256) this.#images.clear();
    image = document.createElement('canvas');
    const font = `500 ${11 * this.#pixels}px system-ui, sans-serif`;
    let ctx = context(image);
    ctx.font = font;
    image.width = Math.ceil(ctx.measureText(name).width + 8 * this.#pixels);
    image.height = Math.ceil(16 * this.#pixels);
    // Its size has reset it.
    ctx = context(image);
    ctx.font = font;
    ctx.textAlign = 'center';
    ctx.textBaseline = 'middle';
    ctx.lineJoin = 'round';
    ctx.lineWidth = 3 * this.#pixels;
    ctx.strokeStyle = 'rgba(7, 10, 18, 0.8)';
    ctx.strokeText(name, image.width / 2, image.height / 2);
    ctx.fillStyle = '#c4d0e6';
    ctx.fillText(name, image.width / 2, image.height / 2);
    this.#images.set(name, image);
    return image;
  }
}

/** @param {CanvasRenderingContext2D} ctx @param {number[]} points x and y in turn. */
function polygon(ctx, points) {
  ctx.beginPath();
  for (let i = 0; i < points.length; i += 2) {
    ctx.lineTo(/** @type {number} */ (points[i]), /** @type {number} */ (points[i + 1]));
  }
  ctx.closePath();
}

/** @param {CanvasRenderingContext2D} ctx @param {number} radius */
function hexagon(ctx, radius) {
  const points = [];
  for (let i = 0; i < 6; i++) {
    points.push(Math.cos((i * Math.PI) / 3) * radius, Math.sin((i * Math.PI) / 3) * radius);
  }
  polygon(ctx, points);
}

/**
 * @param {CanvasRenderingContext2D} ctx
 * @param {number} x
 * @param {number} y
 * @param {number} x2
 * @param {number} y2
 */
function line(ctx, x, y, x2, y2) {
  ctx.beginPath();
  ctx.moveTo(x, y);
  ctx.lineTo(x2, y2);
  ctx.stroke();
}
