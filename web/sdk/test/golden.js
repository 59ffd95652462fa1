/** The golden files of the protocol's tests, in this package's words. */

import { readFileSync } from 'node:fs';

const folder = new URL('../../../protocol/tests/golden/', import.meta.url);

/** @param {string} file */
export function bytes(file) {
  return new Uint8Array(readFileSync(new URL(file, folder)));
}

/** @param {string} file */
export function json(file) {
  return JSON.parse(readFileSync(new URL(file, folder), 'utf8'));
}

/** snake_case of the manifest to camelCase. */
function fields(object) {
  return Object.fromEntries(
    Object.entries(object).map(([name, value]) => [
      name.replace(/_./g, (match) => match[1].toUpperCase()),
      value,
    ]),
  );
}

/** `{"Ship": {…}}` to `{type: 'ship', …}`. */
function tagged(value) {
  const [[name, inner]] = Object.entries(value);
  return { type: name.toLowerCase(), ...fields(inner) };
}

export const rules = fields;

export function entity(value) {
  const entity = tagged(value);
  if (entity.kind) entity.kind = entity.kind.toLowerCase();
  return entity;
}

/** Differences to numbers. */
function ascending(list) {
  let sum = 0;
  return list.map((step) => (sum += step));
}

function numbered(list, read) {
  const numbers = ascending(list.map(([step]) => step));
  return list.map(([, value], i) => [numbers[i], read(value)]);
}

function diff([mask, ...steps]) {
  return {
    mask,
    steps: Array.from({ length: 9 }, (_, bit) => ((mask >> bit) & 1 ? steps.shift() : 0)),
  };
}

function change(value) {
  if (value.Keyframe) return { type: 'keyframe', entities: numbered(value.Keyframe, entity) };
  const { left, changed, entered } = value.Delta;
  return {
    type: 'delta',
    left: ascending(left),
    changed: numbered(changed, diff),
    entered: numbered(entered, entity),
  };
}

/** A server's message of the manifest as `decodeServer` gives it. */
export function serverMessage(value) {
  if (value.Event) return { type: 'event', event: tagged(value.Event) };
  const message = tagged(value);
  if (message.type === 'welcome') {
    message.resume = Uint8Array.from(message.resume);
    message.rules = rules(message.rules);
  }
  if (message.type === 'snapshot') {
    message.own &&= { ...message.own, status: tagged(message.own.status) };
    message.hidden = ascending(message.hidden);
    message.cells = numbered(message.cells, change);
  }
  return message;
}

/** SplitMix-like numbers from a seed: 0 to below `end`. */
export function numbers(seed) {
  let state = seed >>> 0;
  return (end) => {
    state = (state + 0x9e3779b9) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return ((z ^ (z >>> 15)) >>> 0) % end;
  };
}
