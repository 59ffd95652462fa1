/**
 * What has just happened, told from what is there: who came, who is gone, who was hit.
 *
 * The server says what is; a picture needs what changed. Owns one small record per thing
 * in sight and turns differences into effects and sounds. Things that leave the view are
 * not destroyed: nothing happens outside of what is seen.
 */

import { EFFECTS, POSITION_ONE, TURN } from '../sdk/arena.js';
import * as palette from './palette.js';
import { DOTS } from './sprites.js';

/** @import { Entity, Ship, Shot } from '../sdk/arena.js' */
/** @import { Thing } from '../sdk/index.js' */
/** @import { Effects } from './effects.js' */
/** @import { Sound } from './sound.js' */
/** @import { Camera } from './view.js' */

/** So many at once do not die: the view has changed. */
const MANY = 24;
/** A new view is filled within so many seconds. */
const FRESH_S = 0.6;
/** Sparks per second behind a ship. */
const TRAIL = { own: 80, other: 20 };

/**
 * @typedef {object} Known
 * @property {number} seen The picture it was last in.
 * @property {Entity['type']} type
 * @property {'own' | 'foe' | 'drone'} side
 * @property {number} x In units.
 * @property {number} y
 * @property {number} health
 * @property {number} trail Sparks due.
 */

/** What is in sight, and what became of it. */
export class Scene {
  /** @type {Map<number, Known>} */
  #known = new Map();
  #picture = 0;
  /** A new view: for so many seconds what is in it has not just come. */
  #fresh = FRESH_S;
  /** @type {Known[]} */
  #gone = [];
  #effects;
  #sound;

  /** @param {Effects} effects @param {Sound | null} sound */
  constructor(effects, sound) {
    this.#effects = effects;
    this.#sound = sound;
  }

  /** Another room, another life: nothing that is gone was destroyed. */
  clear() {
    this.#known.clear();
    this.#fresh = FRESH_S;
  }

  /**
   * To be called once per picture, before it is drawn.
   * @param {readonly Thing<Entity>[]} things
   * @param {number} myShip The id of the player's ship, or -1.
   * @param {number} me The player's id, or 0 for a spectator.
   * @param {Camera} camera
   * @param {number} dt
   */
  update(things, myShip, me, camera, dt) {
    this.#picture += 1;
    for (const thing of things) this.#see(thing, thing.id === myShip, me, camera, dt);
    this.#miss(camera);
    this.#fresh -= dt;
  }

  /** @param {Thing<Entity>} thing @param {boolean} isMine @param {number} me @param {Camera} camera @param {number} dt */
  #see({ id, entity, pose }, isMine, me, camera, dt) {
    const x = /** @type {number} */ (pose[0]) / POSITION_ONE;
    const y = /** @type {number} */ (pose[1]) / POSITION_ONE;
    let known = this.#known.get(id);
    if (!known || known.type !== entity.type) {
      known = { seen: 0, type: entity.type, side: 'foe', x, y, health: 0, trail: 0 };
      known.side = side(entity, isMine, me);
      known.health = entity.type === 'ship' ? entity.health : 0;
      this.#known.set(id, known);
      if (this.#fresh <= 0 && camera.shows(x, y)) this.#came(entity, known);
    }
    known.seen = this.#picture;
    known.x = x;
    known.y = y;
    if (entity.type !== 'ship') return;
    if (entity.health < known.health) this.#hit(entity, known, isMine, camera);
    known.health = entity.health;
    if (entity.controls & 1 && camera.shows(x, y)) {
      this.#trail(known, entity, /** @type {number} */ (pose[2]), dt);
    }
  }

  /** @param {Entity} entity @param {Known} known */
  #came(entity, { x, y, side }) {
    if (entity.type === 'shot') {
      this.#effects.spark(x, y, 0, 0, 0.09, 13, DOTS[side]);
      this.#sound?.shot(side === 'own');
    } else if (entity.type === 'ship') {
      this.#effects.ring(x, y, 60, 16, 0.5, 2, palette.SHIELD);
    } else {
      this.#effects.ring(x, y, 2, 26, 0.4, 1.5, palette.SHIELD);
    }
  }

  /** @param {Ship} ship @param {Known} known @param {boolean} isMine @param {Camera} camera */
  #hit({ health }, known, isMine, camera) {
    const { x, y } = known;
    if (!camera.shows(x, y)) return;
    this.#effects.burst(x, y, 9, 190, 0.35, DOTS.hot);
    this.#sound?.hit(isMine);
    if (isMine) {
      const lost = known.health - health;
      this.#effects.shake(0.3 + lost / 100);
      this.#effects.word(x, y - 26, `−${lost}`, palette.INK);
    }
  }

  /** @param {Known} known @param {Ship} ship @param {number} heading @param {number} dt */
  #trail(known, { vx, vy }, heading, dt) {
    known.trail += dt * (known.side === 'own' ? TRAIL.own : TRAIL.other);
    const angle = (heading / TURN) * 2 * Math.PI;
    const cos = Math.cos(angle);
    const sin = Math.sin(angle);
    while (known.trail >= 1) {
      known.trail -= 1;
      const spread = (Math.random() - 0.5) * 50;
      const back = 120 + Math.random() * 60;
      this.#effects.spark(
        known.x - cos * 14,
        known.y - sin * 14,
        vx / 4 - cos * back - sin * spread,
        vy / 4 - sin * back + cos * spread,
        0.25 + Math.random() * 0.25,
        2.2 + Math.random() * 2,
        DOTS[known.side],
      );
    }
  }

  /** @param {Camera} camera */
  #miss(camera) {
    const gone = this.#gone;
    gone.length = 0;
    for (const [id, known] of this.#known) {
      if (known.seen === this.#picture) continue;
      this.#known.delete(id);
      if (camera.shows(known.x, known.y)) gone.push(known);
    }
    if (gone.length > MANY) return;
    for (const { type, side, x, y } of gone) {
      if (type === 'ship') {
        const colour = side === 'own' ? palette.OWN : side === 'foe' ? palette.FOE : palette.DRONE;
        this.#effects.explode(x, y, DOTS[side], colour);
        this.#sound?.explosion(side === 'own');
        if (side === 'own') this.#effects.shake(1);
      } else if (type === 'shot') {
        this.#effects.burst(x, y, 4, 70, 0.22, DOTS[side]);
      } else {
        this.#effects.ring(x, y, 12, 44, 0.4, 2.5, palette.REPAIR);
        this.#effects.burst(x, y, 8, 90, 0.5, DOTS.repair);
        this.#sound?.pickup(camera.distance(x, y) < 60);
      }
    }
  }
}

/** Whose it is. @param {Entity} entity @param {boolean} isMine @param {number} me @returns {Known['side']} */
function side(entity, isMine, me) {
  if (entity.type === 'pickup') return 'foe';
  if (isMine) return 'own';
  if (entity.type === 'shot') return shotSide(entity, me);
  return entity.effects & EFFECTS.DRONE ? 'drone' : 'foe';
}

/** Whose shot it is. @param {Shot} shot @param {number} me @returns {Known['side']} */
export function shotSide({ player }, me) {
  return player === 0 ? 'drone' : player === me ? 'own' : 'foe';
}
