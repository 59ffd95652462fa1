/**
 * `@downbeat/client`: play on a downbeat game state server.
 *
 * Start with {@link connect}. The other names are its parts, for those who want to put
 * them together differently.
 */

export { Client, connect } from './client.js';
export { ClientCloseEvent, ClientErrorEvent, ClientMessageEvent } from './events.js';
export { arena } from './arena.js';
export { DecodeError, Reader, Writer } from './bincode.js';
export { TickClock } from './clock.js';
export { Interpolator } from './interpolate.js';
export { Mirror, MirrorError } from './mirror.js';
export { Predictor } from './predict.js';
export {
  PROTOCOL_VERSION,
  SUBPROTOCOL,
  decodeServer,
  encodeFollow,
  encodeHello,
  encodeInput,
  encodePing,
  schemaHash,
} from './protocol.js';
export { REASONS, reasonOf } from './reason.js';
export { Session } from './session.js';

/**
 * @template I, E, O, V, R
 * @typedef {import('./protocol.js').Game<I, E, O, V, R>} Game
 */
/**
 * @template I, E, O, V, R
 * @typedef {import('./options.js').Options<I, E, O, V, R>} Options
 */
/**
 * @template E
 * @typedef {import('./interpolate.js').Thing<E>} Thing
 */
/**
 * @template E
 * @typedef {import('./session.js').View<E>} View
 */
