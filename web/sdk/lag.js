/**
 * A WebSocket that is slower than it is, to see what prediction does.
 *
 * Not part of the index: import it where it is shown.
 */

/** @typedef {new (url: string, protocols?: string) => WebSocket} SocketClass */

/**
 * A class of sockets, for the `WebSocket` option, on which everything takes longer.
 * @param {() => number} ms By how much a round trip is longer, in milliseconds; may
 *   change at any time. Nothing overtakes.
 * @param {SocketClass} [Real]
 * @returns {SocketClass}
 */
export function delayed(ms, Real = globalThis.WebSocket) {
  return /** @type {any} */ (
    class DelayedSocket {
      onopen = /** @type {any} */ (null);
      onmessage = /** @type {any} */ (null);
      onclose = /** @type {any} */ (null);
      onerror = /** @type {any} */ (null);
      #real;
      #up = queue(() => ms() / 2);
      #down = queue(() => ms() / 2);

      /** @param {string} url @param {string} [protocols] */
      constructor(url, protocols) {
        this.#real = new Real(url, protocols);
        this.#real.onopen = (event) => this.#down(() => this.onopen?.(event));
        this.#real.onmessage = (event) => this.#down(() => this.onmessage?.(event));
        this.#real.onclose = (event) => this.#down(() => this.onclose?.(event));
        this.#real.onerror = (event) => this.#down(() => this.onerror?.(event));
      }

      get readyState() {
        return this.#real.readyState;
      }
      get bufferedAmount() {
        return this.#real.bufferedAmount;
      }
      get binaryType() {
        return this.#real.binaryType;
      }
      set binaryType(type) {
        this.#real.binaryType = type;
      }

      /** @param {any} data */
      send(data) {
        this.#up(() => {
          if (this.#real.readyState === 1) this.#real.send(data);
        });
      }

      /** @param {number} [code] @param {string} [reason] */
      close(code, reason) {
        this.#up(() => this.#real.close(code, reason));
      }
    }
  );
}

/**
 * Runs things later, in order.
 * @param {() => number} ms
 * @returns {(run: () => void) => void}
 */
function queue(ms) {
  /** @type {{ at: number, run: () => void }[]} */
  const waiting = [];
  let last = 0;
  const next = () => {
    const now = performance.now();
    for (let first; (first = waiting[0]) && first.at <= now; ) {
      waiting.shift();
      first.run();
    }
    if (waiting[0]) setTimeout(next, waiting[0].at - now);
  };
  return (run) => {
    const later = ms();
    const at = (last = Math.max(last, performance.now() + later));
    if (waiting.length === 0 && later <= 0) return run();
    waiting.push({ at, run });
    if (waiting.length === 1) setTimeout(next, later);
  };
}
