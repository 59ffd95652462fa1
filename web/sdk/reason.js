/**
 * The ways a connection can end, and what a client should do then.
 *
 * The twin of the table in docs/protocol.md. A code that is not in it, and a close
 * without a code, is a lost link.
 */

/**
 * @typedef {object} Reason
 * @property {number} code The close code.
 * @property {string} label A short name in snake case.
 * @property {boolean} retry Whether to connect again: if not, the same attempt
 *   would end the same way.
 */

/** @type {readonly Reason[]} */
export const REASONS = [
  reason(1000, 'left', false),
  reason(1001, 'going_away', true),
  reason(1002, 'protocol_error', false),
  reason(1003, 'text_refused', false),
  reason(1006, 'link_lost', true),
  reason(1007, 'invalid_utf8', false),
  reason(1009, 'too_large', false),
  reason(1011, 'room_failed', true),
  reason(1012, 'restarting', true),
  reason(1013, 'full', true),
  reason(4000, 'hello_timeout', true),
  reason(4001, 'bad_message', false),
  reason(4002, 'version_mismatch', false),
  reason(4003, 'schema_mismatch', false),
  reason(4004, 'bad_room', false),
  reason(4005, 'room_closed', true),
  reason(4006, 'refused', false),
  reason(4007, 'taken_over', false),
  reason(4008, 'too_slow', true),
  reason(4009, 'silent', true),
  reason(4010, 'flood', false),
  reason(4011, 'kicked', false),
  reason(4012, 'jammed', true),
  reason(4013, 'unauthorized', false),
  reason(4014, 'banned', false),
  reason(4015, 'token_expired', false),
];

const LINK_LOST = /** @type {Reason} */ (REASONS.find((reason) => reason.code === 1006));

/**
 * The reason with this close code; a foreign code is a lost link.
 * @param {number} code
 */
export function reasonOf(code) {
  return REASONS.find((reason) => reason.code === code) ?? LINK_LOST;
}

/**
 * @param {number} code
 * @param {string} label
 * @param {boolean} retry
 * @returns {Reason}
 */
function reason(code, label, retry) {
  return { code, label, retry };
}
