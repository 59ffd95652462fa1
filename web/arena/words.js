/**
 * What a player is told when a connection ends: one entry per reason.
 *
 * Whether it comes back by itself is the connection's to say, not this page's.
 */

/**
 * @typedef {object} Words
 * @property {string} title
 * @property {string} text
 * @property {string} again What the button says that tries once more.
 */

/** @type {Readonly<Record<string, readonly [title: string, text: string, again?: string]>>} */
const WORDS = {
  left: ['You left the arena', 'Come back whenever you like.', 'Join again'],
  going_away: ['The server is going away', 'It may not be back for a while.'],
  protocol_error: ['The connection broke', 'Something between you and the server garbles what is sent.'],
  text_refused: ['The connection broke', 'The server did not understand this page.'],
  link_lost: ['Connection lost', 'Your ship drifts where you left it for a few seconds.'],
  invalid_utf8: ['The connection broke', 'The server did not understand this page.'],
  too_large: ['The connection broke', 'This page sent more than the server takes.'],
  room_failed: ['The room failed', 'Its game is lost; a new one begins.'],
  restarting: ['The server is restarting', 'You are back in as soon as it is.'],
  full: ['The server is full', 'You are in as soon as there is a place.'],
  hello_timeout: ['Too slow to say hello', 'The connection took too long.'],
  bad_message: ['The connection broke', 'The server did not understand this page.', 'Reload'],
  version_mismatch: ['This page is out of date', 'The server speaks a newer protocol.', 'Reload'],
  schema_mismatch: ['This page is out of date', 'The server plays another version of the game.', 'Reload'],
  bad_room: ['There is no such room', 'Check the address, or join the main room.'],
  room_closed: ['The room was closed', 'A new game begins.'],
  refused: ['You cannot join', ''],
  taken_over: ['You joined from another window', 'This one is no longer connected.', 'Join again here'],
  too_slow: ['Your connection is too slow', 'The game got too far ahead of you.'],
  silent: ['The server heard nothing from you', 'The connection was given up.'],
  flood: ['Too many messages', 'The server ended the connection.'],
  kicked: ['You were removed', 'An operator ended your game.'],
  unauthorized: ['You need an invitation', 'This server admits only players with a valid token.'],
  banned: ['You are banned', 'An operator keeps you out for a while.'],
  token_expired: ['Your invitation has expired', 'Ask for a new one to play on.'],
  jammed: ['Your connection is jammed', 'Nothing got through to you for too long.'],
};

const OFFLINE = 'You are back in the game as soon as your network is.';

/** Reasons whose own text says more than ours. */
const SAID = new Set(['refused', 'kicked', 'banned', 'bad_room']);

/**
 * The words for an end.
 * @param {string} label The reason's short name.
 * @param {string} said What the server said itself.
 * @param {boolean} wasIn Whether the player had been welcomed before.
 * @param {boolean} [isOnline] Whether the browser has a network at all.
 * @returns {Words}
 */
export function wordsFor(label, said, wasIn, isOnline = true) {
  if (label === 'link_lost' && !isOnline) {
    return { title: 'You are offline', text: OFFLINE, again: 'Try now' };
  }
  if (label === 'link_lost' && !wasIn) {
    return { title: 'Cannot reach the server', text: 'Is it running, and are you online?', again: 'Try now' };
  }
  const [title, text, again = 'Try again'] = WORDS[label] ?? ['Disconnected', said && sentence(said)];
  return { title, text: SAID.has(label) && said ? sentence(said) : text, again };
}

/**
 * The words for a link on which nothing comes, before it is given up.
 * @param {boolean} isOnline
 */
export function wordsForSilence(isOnline) {
  if (!isOnline) return { title: 'You are offline', text: OFFLINE };
  return { title: 'No word from the server', text: 'Your ship flies on as far as it is known.' };
}

/** Whether trying again needs a new page. @param {string} label */
export function needsReload(label) {
  return WORDS[label]?.[2] === 'Reload';
}

/**
 * How long until it comes back.
 * @param {number} ms
 */
export function countdown(ms) {
  return ms > 0 ? `Back in ${Math.ceil(ms / 1000)} s` : 'Connecting…';
}

/** @param {string} text */
function sentence(text) {
  const head = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(head) ? head : `${head}.`;
}
