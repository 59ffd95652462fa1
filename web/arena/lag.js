/**
 * A WebSocket with a longer way: what is sent and what comes is held back, in order.
 *
 * So that anyone can see what prediction does. Without added latency nothing waits,
 * not even for a timer.
 */

/** The added latency, in milliseconds of round trip; half of it each way. */
export const lag = { ms: 0 };

/** Runs things later, in their order, however the latency is changed meanwhile. */
class Lane {
  /** @type {{ at: number, run: () => void }[]} */
  #queue = [];
  #timer = 0;

  /** @param {() => void} run */
  push(run) {
    if (lag.ms === 0 && this.#queue.length === 0) {
      run();
      return;
    }
    const now = performance.now();
    const at = Math.max(now + lag.ms / 2, this.#queue.at(-1)?.at ?? 0);
    this.#queue.push({ at, run });
    this.#arm(now);
  }

  get length() {
    return this.#queue.length;
  }

  /** @param {number} now */
  #arm(now) {
    const first = this.#queue[0];
    if (!first || this.#timer) return;
    this.#timer = setTimeout(() => this.#turn(), Math.max(0, first.at - now));
  }

  #turn() {
    this.#timer = 0;
    // A timer may come a little early; a millisecond is nobody's loss.
    const now = performance.now() + 1;
    while (this.#queue.length > 0 && /** @type {{ at: number }} */ (this.#queue[0]).at <= now) {
      this.#queue.shift()?.run();
    }
    this.#arm(now);
  }
}

/** A WebSocket as the SDK uses one. */
export class LaggingSocket extends WebSocket {
  #out = new Lane();
  #in = new Lane();
  /** Bytes that the outward lane holds. */
  #held = 0;

  /** @override @param {string | ArrayBufferLike | Blob | ArrayBufferView} data */
  send(data) {
    const size = data instanceof Uint8Array ? data.byteLength : 0;
    this.#held += size;
    this.#out.push(() => {
      this.#held -= size;
      if (this.readyState === WebSocket.OPEN) super.send(/** @type {any} */ (data));
    });
  }

  /** @override @param {number} [code] @param {string} [reason] */
  close(code, reason) {
    this.#out.push(() => super.close(code, reason));
  }

  /** @override @param {((event: MessageEvent) => any) | null} listener */
  set onmessage(listener) {
    super.onmessage = listener && ((event) => this.#in.push(() => listener.call(this, event)));
  }

  /** @override */
  get onmessage() {
    return super.onmessage;
  }

  /** @override @param {((event: CloseEvent) => any) | null} listener */
  set onclose(listener) {
    super.onclose = listener && ((event) => this.#in.push(() => listener.call(this, event)));
  }

  /** @override */
  get onclose() {
    return super.onclose;
  }
}
