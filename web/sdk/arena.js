/**
 * The types and the motion of the built-in game, bit for bit as the server has them.
 *
 * Positions are in 1/256 unit, velocities in 1/4 unit per second, headings in 1/4096
 * of a turn, all integers. x grows to the right, y down, headings clockwise.
 */

import { malformed } from './bincode.js';

/** @import { Reader, Writer } from './bincode.js' */

/** A full turn, in steps of heading. */
export const TURN = 4096;
/** One unit of length, in steps of position. */
export const POSITION_ONE = 256;
/** One unit per second, in steps of velocity. */
export const SPEED_ONE = 4;

const SPEED_MAX = 32767;
const POSITION_MAX = 0xffffff;

/** What a pilot does: bits of an input's and a ship's controls. */
export const CONTROLS = Object.freeze({
  /** Accelerate where the nose points. */
  THRUST: 1,
  /** Turn counter-clockwise. */
  LEFT: 2,
  /** Turn clockwise. */
  RIGHT: 4,
  /** Turn toward the aim; left and right do nothing then. */
  AIM: 8,
  /** Lose speed quickly. */
  BRAKE: 16,
  /** Shoot as fast as the gun allows. Not part of a ship. */
  FIRE: 32,
  /** All that move a ship. */
  MOTION: 31,
});

/** What is special about a ship: bits of its effects. */
export const EFFECTS = Object.freeze({
  /** Flown by the server. */
  DRONE: 1,
  /** Takes no damage. */
  SHIELD: 2,
  /** Shoots twice as fast. */
  RAPID: 4,
});

/**
 * @typedef {{ controls: number, aim: number }} Input
 * @typedef {{ type: 'ship', x: number, y: number, vx: number, vy: number,
 *   heading: number, aim: number, controls: number, health: number,
 *   effects: number, player: number, name: string }} Ship
 * @typedef {{ type: 'shot', x: number, y: number, vx: number, vy: number,
 *   player: number }} Shot
 * @typedef {{ type: 'pickup', x: number, y: number,
 *   kind: 'repair' | 'rapid' | 'shield' }} Pickup
 * @typedef {Ship | Shot | Pickup} Entity
 * @typedef {{ type: 'flying', ship: number } | { type: 'waiting', until: number }} Status
 * @typedef {{ score: number, kills: number, deaths: number, status: Status }} Own
 * @typedef {{ player: number, name: string, score: number }} Row
 * @typedef {{ x: number, y: number, drone: boolean }} Blip
 * @typedef {{ type: 'leaderboard', players: number, rows: Row[] }
 *   | { type: 'radar', blips: Blip[] }
 *   | { type: 'kill', victim: string }
 *   | { type: 'death', by: string }} Event
 * @typedef {{ tickRate: number, size: number, turn: number, thrust: number,
 *   drag: number, brake: number }} Rules
 * @typedef {{ mask: number, steps: number[] }} Diff
 * @typedef {import('./client.js').Client<Input, Entity, Own, Event, Rules>} ArenaClient
 */

/** @type {readonly Pickup['kind'][]} */
const KINDS = ['repair', 'rapid', 'shield'];

/** @param {Reader} reader @returns {Entity} */
function readEntity(reader) {
  const variant = reader.variant(3);
  const x = reader.u24le();
  const y = reader.u24le();
  if (variant === 2) {
    const kind = /** @type {Pickup['kind']} */ (KINDS[reader.variant(3)]);
    return { type: 'pickup', x, y, kind };
  }
  const vx = reader.i16le();
  const vy = reader.i16le();
  if (variant === 1) return { type: 'shot', x, y, vx, vy, player: reader.u32() };
  return {
    type: 'ship',
    x,
    y,
    vx,
    vy,
    heading: reader.u16le(),
    aim: reader.u16le(),
    controls: reader.u8(),
    health: reader.u8(),
    effects: reader.u8(),
    player: reader.u32(),
    name: reader.string(),
  };
}

/** @param {Writer} writer @param {Entity} entity */
function writeEntity(writer, entity) {
  writer.u8(entity.type === 'ship' ? 0 : entity.type === 'shot' ? 1 : 2);
  writer.u24le(clamp(entity.x, 0, POSITION_MAX));
  writer.u24le(clamp(entity.y, 0, POSITION_MAX));
  if (entity.type === 'pickup') {
    writer.u8(KINDS.indexOf(entity.kind));
    return;
  }
  writer.i16le(clampSpeed(entity.vx));
  writer.i16le(clampSpeed(entity.vy));
  if (entity.type === 'ship') {
    writer.u16le(entity.heading);
    writer.u16le(entity.aim);
    writer.u8(entity.controls);
    writer.u8(entity.health);
    writer.u8(entity.effects);
  }
  writer.u32(entity.player);
  if (entity.type === 'ship') writer.string(entity.name);
}

/** @param {Reader} reader @returns {Diff} */
function readDiff(reader) {
  const mask = reader.u16();
  if (mask >> 9 !== 0) throw malformed('the mask names a field that does not exist');
  const steps = [];
  for (let field = 0; field < 9; field++) {
    steps.push((mask >> field) & 1 ? reader.i32() : 0);
  }
  return { mask, steps };
}

/** @param {Entity} entity @param {Diff} diff */
function applyDiff(entity, { steps }) {
  if (entity.type === 'pickup') throw malformed('a pickup has no difference');
  const [controls, heading, vx, vy, aim, health, effects, x, y] =
    /** @type {[number, number, number, number, number, number, number, number, number]} */ (
      steps
    );
  entity.vx = clampSpeed((entity.vx + vx) | 0);
  entity.vy = clampSpeed((entity.vy + vy) | 0);
  entity.x = clamp((entity.x + x) | 0, 0, POSITION_MAX);
  entity.y = clamp((entity.y + y) | 0, 0, POSITION_MAX);
  if (entity.type === 'ship') {
    entity.controls = (entity.controls + controls) & 0xff;
    entity.heading = (entity.heading + heading) & (TURN - 1);
    entity.aim = (entity.aim + aim) & (TURN - 1);
    entity.health = (entity.health + health) & 0xff;
    entity.effects = (entity.effects + effects) & 0xff;
  }
}

/** @param {Reader} reader @returns {Own} */
function readOwn(reader) {
  return {
    score: reader.u32(),
    kills: reader.u32(),
    deaths: reader.u32(),
    status:
      reader.variant(2) === 0
        ? { type: 'flying', ship: reader.u32() }
        : { type: 'waiting', until: reader.u32() },
  };
}

/** @param {Reader} reader @returns {Event} */
function readEvent(reader) {
  switch (reader.variant(4)) {
    case 0:
      return {
        type: 'leaderboard',
        players: reader.u32(),
        rows: reader.seq(() => ({
          player: reader.u32(),
          name: reader.string(),
          score: reader.u32(),
        })),
      };
    case 1:
      return {
        type: 'radar',
        blips: reader.seq(() => ({ x: reader.u8(), y: reader.u8(), drone: reader.bool() })),
      };
    case 2:
      return { type: 'kill', victim: reader.string() };
    default:
      return { type: 'death', by: reader.string() };
  }
}

/** @param {Reader} reader @returns {Rules} */
function readRules(reader) {
  return {
    tickRate: reader.i32(),
    size: reader.i32(),
    turn: reader.i32(),
    thrust: reader.i32(),
    drag: reader.i32(),
    brake: reader.i32(),
  };
}

/**
 * One tick further: exactly what the server does to everything that moves.
 * @param {Entity} entity
 * @param {Rules} rules
 */
export function predict(entity, rules) {
  if (entity.type === 'ship') moveShip(entity, rules);
  else if (entity.type === 'shot') moveShot(entity, rules);
}

/** @param {Ship} ship @param {Rules} rules */
function moveShip(ship, rules) {
  const { x, y, vx, vy } = ship;
  ship.x = saturated(x + travel(vx, rules));
  ship.y = saturated(y + travel(vy, rules));
  if (ship.x < 0 || ship.x > rules.size) {
    ship.x = ship.x < 0 ? 0 : rules.size;
    ship.vx = (-vx / 2) | 0;
  }
  if (ship.y < 0 || ship.y > rules.size) {
    ship.y = ship.y < 0 ? 0 : rules.size;
    ship.vy = (-vy / 2) | 0;
  }

  const { controls } = ship;
  const heading = (ship.heading + turning(ship, rules)) & (TURN - 1);
  ship.heading = heading;
  if (controls & CONTROLS.THRUST) {
    const thrust = clamp(rules.thrust, 0, SPEED_MAX);
    ship.vx += ((sine(heading + TURN / 4) * thrust) / 4096) | 0;
    ship.vy += ((sine(heading) * thrust) / 4096) | 0;
  }
  const drag = clamp(controls & CONTROLS.BRAKE ? rules.brake : rules.drag, 0, 4096);
  ship.vx = slowed(ship.vx, drag);
  ship.vy = slowed(ship.vy, drag);
}

/** @param {Shot} shot @param {Rules} rules */
function moveShot(shot, rules) {
  shot.x = saturated(shot.x + travel(shot.vx, rules));
  shot.y = saturated(shot.y + travel(shot.vy, rules));
}

/** Steps of heading in this tick. @param {Ship} ship @param {Rules} rules */
function turning({ controls, heading, aim }, rules) {
  const turn = clamp(rules.turn, 0, TURN);
  if (controls & CONTROLS.AIM) {
    const toAim = ((aim - heading + TURN / 2) & (TURN - 1)) - TURN / 2;
    return clamp(toAim, -turn, turn);
  }
  const left = controls & CONTROLS.LEFT ? turn : 0;
  const right = controls & CONTROLS.RIGHT ? turn : 0;
  return right - left;
}

/**
 * Sine of an angle in steps of heading, in 1/4096; the cosine is the sine a quarter
 * of a turn later.
 * @param {number} angle
 */
export function sine(angle) {
  const half = angle & (TURN / 2 - 1);
  const parabola = (half * (TURN / 2 - half)) >> 8;
  const sine = (parabola * (3174 + ((922 * parabola) >> 12))) >> 12;
  // 0 − sine, because −0 would not be the same bits.
  return angle & (TURN / 2) ? 0 - sine : sine;
}

/** Steps of position in one tick. @param {number} velocity @param {Rules} rules */
function travel(velocity, rules) {
  return ((clampSpeed(velocity) * (POSITION_ONE / SPEED_ONE)) / Math.max(rules.tickRate, 1)) | 0;
}

/** A velocity after drag. @param {number} velocity @param {number} drag */
function slowed(velocity, drag) {
  velocity = clampSpeed(velocity);
  const loss = (Math.abs(velocity) * drag + 4095) >> 12;
  return velocity < 0 ? velocity + loss : velocity > 0 ? velocity - loss : 0;
}

/** @param {number} velocity */
function clampSpeed(velocity) {
  return clamp(velocity, -SPEED_MAX, SPEED_MAX);
}

/** @param {number} position */
function saturated(position) {
  return clamp(position, -0x8000_0000, 0x7fff_ffff);
}

/** @param {number} value @param {number} low @param {number} high */
function clamp(value, low, high) {
  return value < low ? low : value > high ? high : value;
}

/**
 * The built-in game.
 * @type {import('./protocol.js').Game<Input, Entity, Own, Event, Rules>}
 */
export const arena = {
  schema: 'arena/1',
  writeInput(writer, { controls, aim }) {
    writer.u8(controls);
    writer.u16(aim & (TURN - 1));
  },
  readEntity,
  writeEntity,
  readDiff,
  applyDiff,
  readOwn,
  readEvent,
  readRules,
  predict,
  clone: (entity, into) =>
    into?.type === entity.type ? Object.assign(into, entity) : { ...entity },
  ownEntity: ({ status }) => (status.type === 'flying' ? status.ship : null),
  steer(entity, { controls, aim }) {
    if (entity.type !== 'ship') return;
    entity.controls = controls & CONTROLS.MOTION;
    entity.aim = aim & (TURN - 1);
  },
  idle: { controls: 0, aim: 0 },
  follows: (entity, player) => entity.type === 'shot' && entity.player === player,
  pose(entity, into) {
    into[0] = entity.x;
    into[1] = entity.y;
    if (entity.type === 'ship') into[2] = entity.heading;
    return into;
  },
  wraps: [0, 0, TURN],
  snap: 200 * POSITION_ONE,
};
