/**
 * What goes on around the page: it is hidden and shown, its network comes and goes.
 *
 * Elsewhere than in a browser there is no page, and nothing is ever told.
 */

/** @typedef {'hidden' | 'shown' | 'network'} Change */

/** Listens until it is closed. */
export class Page {
  #told;

  /** @param {Record<Change, () => void>} told What to do about each change. */
  constructor(told) {
    this.#told = told;
    const { document, window } = globalThis;
    document?.addEventListener('visibilitychange', this.#onVisibility);
    for (const type of ['online', 'offline']) window?.addEventListener(type, told.network);
  }

  /** No more of it. */
  close() {
    const { document, window } = globalThis;
    document?.removeEventListener('visibilitychange', this.#onVisibility);
    for (const type of ['online', 'offline']) {
      window?.removeEventListener(type, this.#told.network);
    }
  }

  #onVisibility = () => {
    const isShown = globalThis.document.visibilityState === 'visible';
    if (isShown) this.#told.shown();
    else this.#told.hidden();
  };
}
