/**
 * What a client tells its page.
 */

import { reasonOf } from './reason.js';

/** @import { GameEvent, Snapshot, Welcome } from './protocol.js' */

/**
 * A welcome, a snapshot (already in the mirror) or an event.
 * @template M
 */
export class ClientMessageEvent extends Event {
  /** @param {M} data */
  constructor(data) {
    super('message');
    this.data = data;
  }
}

/** A connection ended. */
export class ClientCloseEvent extends Event {
  /**
   * @param {object} end
   * @param {number} end.code The close code; 1006 if the link was lost.
   * @param {string} end.reason A sentence for people.
   * @param {boolean} end.wasClean Whether both sides said good-bye, and nothing that this
   *   side had to say was lost: browsers say no if a message of the page was overtaken by
   *   the server's close.
   * @param {number | null} end.retryInMs When the next attempt is made; null if none is.
   */
  constructor({ code, reason, wasClean, retryInMs }) {
    super('close');
    this.code = code;
    this.reason = reason;
    this.wasClean = wasClean;
    /** The reason's short name: `kicked`, `full`, `link_lost`, … */
    this.label = reasonOf(code).label;
    this.retryInMs = retryInMs;
    this.willReconnect = retryInMs !== null;
  }
}

/** Something went wrong; a `close` follows. */
export class ClientErrorEvent extends Event {
  /** @param {Error} error */
  constructor(error) {
    super('error');
    this.error = error;
  }
}

/**
 * @template E, O, V, R
 * @typedef {object} Events
 * @property {Event} open The socket is open, the hello is on its way.
 * @property {ClientMessageEvent<Welcome<R> | Snapshot<E, O> | GameEvent<V>>} message
 * @property {ClientCloseEvent} close
 * @property {ClientErrorEvent} error
 */

/**
 * An event target with these events, each also as an `on…` property.
 * @template E, O, V, R
 */
export class Emitter extends EventTarget {
  /** @type {((event: Events<E, O, V, R>['open']) => void) | null} */
  onopen = null;
  /** @type {((event: Events<E, O, V, R>['message']) => void) | null} */
  onmessage = null;
  /** @type {((event: Events<E, O, V, R>['close']) => void) | null} */
  onclose = null;
  /** @type {((event: Events<E, O, V, R>['error']) => void) | null} */
  onerror = null;

  constructor() {
    super();
    for (const type of /** @type {const} */ (['open', 'message', 'close', 'error'])) {
      this.addEventListener(type, (event) => this[`on${type}`]?.(/** @type {any} */ (event)));
    }
  }

  /**
   * @template {keyof Events<E, O, V, R>} K
   * @param {K} type
   * @param {(event: Events<E, O, V, R>[K]) => void} listener
   * @param {boolean | AddEventListenerOptions} [options]
   * @override
   */
  addEventListener(type, listener, options) {
    super.addEventListener(type, /** @type {any} */ (listener), options);
  }

  /**
   * @template {keyof Events<E, O, V, R>} K
   * @param {K} type
   * @param {(event: Events<E, O, V, R>[K]) => void} listener
   * @param {boolean | EventListenerOptions} [options]
   * @override
   */
  removeEventListener(type, listener, options) {
    super.removeEventListener(type, /** @type {any} */ (listener), options);
  }
}
