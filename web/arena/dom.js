/** Small helpers for the page's elements and for what it remembers. */

/**
 * The element with this id; the page is broken without it.
 * @template {Element} T
 * @param {string} id
 * @param {new () => T} type
 * @returns {T}
 */
export function byId(id, type) {
  const element = document.getElementById(id);
  if (!(element instanceof type)) throw new Error(`there is no ${type.name} #${id}`);
  return element;
}

/**
 * The first element within another that fits a selector.
 * @template {Element} T
 * @param {ParentNode} parent
 * @param {string} selector
 * @param {new () => T} type
 * @returns {T}
 */
export function within(parent, selector, type) {
  const element = parent.querySelector(selector);
  if (!(element instanceof type)) throw new Error(`there is no ${type.name} ${selector}`);
  return element;
}

/**
 * A new element.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {string} [className]
 * @param {string} [text]
 */
export function make(tag, className = '', text = '') {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text) element.textContent = text;
  return element;
}

/**
 * Sets a text only if it changed: the browser would lay the page out again.
 * @param {Element} element
 * @param {string} text
 */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** The drawing context of a canvas. @param {HTMLCanvasElement} canvas @param {boolean} alpha */
export function context(canvas, alpha = true) {
  const ctx = canvas.getContext('2d', { alpha });
  if (!ctx) throw new Error('the browser cannot draw');
  return ctx;
}

/**
 * What the page remembers: nothing, where the visitor does not allow it.
 * @param {() => Storage} storage
 */
export function memory(storage) {
  return {
    /** @param {string} key @returns {string | null} */
    get(key) {
      try {
        return storage().getItem(`downbeat.${key}`);
      } catch {
        return null;
      }
    },
    /** @param {string} key @param {string | null} value `null` to forget it. */
    set(key, value) {
      try {
        if (value === null) storage().removeItem(`downbeat.${key}`);
        else storage().setItem(`downbeat.${key}`, value);
      } catch {
        // It is a convenience.
      }
    },
  };
}

/** Over visits. */
export const remembered = memory(() => localStorage);
/** For this window, also over a reload. */
export const windowMemory = memory(() => sessionStorage);

/** Whether the visitor asked for less motion. */
export const lessMotion = matchMedia('(prefers-reduced-motion: reduce)');
