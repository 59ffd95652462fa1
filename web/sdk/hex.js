/**
 * A resume token as text.
 */

/** @param {Uint8Array} bytes */
export function toHex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** @param {string} hex Sixteen bytes; anything else is no token. */
export function fromHex(hex) {
  if (!/^[0-9a-f]{32}$/i.test(hex)) return null;
  return Uint8Array.from(/** @type {string[]} */ (hex.match(/../g)), (byte) => parseInt(byte, 16));
}
