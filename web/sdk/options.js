/**
 * What a client is told, and what it takes from the world.
 */

/** @import { Game } from './protocol.js' */

/**
 * @template I, E, O, V, R
 * @typedef {object} Options
 * @property {Game<I, E, O, V, R>} game
 * @property {string} [room] Empty or left out: the one in the address.
 * @property {string} [name] The player's name as others see it.
 * @property {string | null} [token] Proof of who the player is.
 * @property {string | null} [resume] A {@link Client.resumeToken} of an earlier page.
 * @property {boolean} [watch] Whether to look on and play nobody. Default: no.
 * @property {boolean} [reconnect] Whether to come back by itself. Default: yes.
 * @property {number} [maxBuffered] Bytes waiting in the socket beyond which inputs
 *   are dropped. Default: 1024.
 * @property {new (url: string, protocols?: string) => WebSocket} [WebSocket] Where
 *   there is none, as in older Node.
 * @property {Partial<Environment>} [environment] For tests.
 */

/**
 * Time and chance.
 * @typedef {object} Environment
 * @property {() => number} now Milliseconds, never backwards.
 * @property {() => number} random 0 to below 1.
 * @property {(run: () => void, ms: number) => any} setTimeout
 * @property {(timer: any) => void} clearTimeout
 */

/** The world itself. @type {Environment} */
export const WORLD = {
  now: () => performance.now(),
  random: Math.random,
  setTimeout: (run, ms) => setTimeout(run, ms),
  clearTimeout: (timer) => clearTimeout(timer),
};
