/**
 * What is written over the picture: score, leaderboard, what happened, the wait for a
 * new ship. Touches the document only where something changed.
 */

import { byId, make, setText, within } from './dom.js';

/** @import { Own, Row } from '../sdk/arena.js' */

/** A notice stays for so long, in milliseconds; and so many at once. */
const NOTICE_MS = 4500;
const NOTICES = 4;

/** The head-up display. */
export class Hud {
  #points = byId('points', HTMLElement);
  #kills = byId('kills', HTMLElement);
  #deaths = byId('deaths', HTMLElement);
  #players = byId('players', HTMLElement);
  #rows = byId('rows', HTMLOListElement);
  #feed = byId('feed', HTMLElement);
  #fallen = byId('fallen', HTMLElement);
  #by = within(this.#fallen, '.by', HTMLElement);
  #wait = within(this.#fallen, 'b', HTMLElement);
  #score = -1;

  /** Nothing has happened yet. */
  clear() {
    this.#score = -1;
    this.#rows.replaceChildren();
    this.#feed.replaceChildren();
    setText(this.#players, '');
    this.#fallen.hidden = true;
    setText(this.#by, '');
  }

  /** @param {Own} own */
  own({ score, kills, deaths }) {
    setText(this.#points, score.toLocaleString('en'));
    setText(this.#kills, String(kills));
    setText(this.#deaths, String(deaths));
    if (this.#score >= 0 && score > this.#score) pulse(this.#points);
    this.#score = score;
  }

  /**
   * @param {number} players
   * @param {readonly Row[]} rows
   * @param {number} me The player's id, or 0.
   */
  leaderboard(players, rows, me) {
    setText(this.#players, players === 1 ? '1 player' : `${players} players`);
    this.#rows.replaceChildren(
      ...rows.map(({ player, name, score }) => {
        const row = make('li', player === me ? 'me' : '');
        if (player === me) row.setAttribute('aria-current', 'true');
        row.append(make('span', 'name', name), make('span', 'score', score.toLocaleString('en')));
        return row;
      }),
    );
  }

  /**
   * Says that something happened.
   * @param {'kill'} kind
   * @param {string} before
   * @param {string} [who]
   * @param {string} [after]
   */
  notice(kind, before, who = '', after = '') {
    const notice = make('p', kind, before);
    if (who) notice.append(make('b', '', who));
    notice.append(after);
    this.#feed.append(notice);
    while (this.#feed.childElementCount > NOTICES) this.#feed.firstElementChild?.remove();
    setTimeout(() => notice.remove(), NOTICE_MS);
  }

  /** Who destroyed the player, for as long as he waits. @param {string} by */
  fell(by) {
    this.#by.replaceChildren('Destroyed by ', make('b', '', by));
  }

  /**
   * How long until the next ship; null while he flies.
   * @param {number | null} seconds
   */
  waiting(seconds) {
    const isWaiting = seconds !== null;
    if (this.#fallen.hidden === isWaiting) {
      this.#fallen.hidden = !isWaiting;
      // Only now: who did it may be told before the ship is known to be lost.
      if (!isWaiting) setText(this.#by, '');
    }
    if (isWaiting) setText(this.#wait, String(Math.max(1, Math.ceil(seconds))));
  }
}

/** @param {HTMLElement} element */
function pulse(element) {
  element.classList.remove('pulse');
  // Reading the layout makes the browser notice that it was gone.
  void element.offsetWidth;
  element.classList.add('pulse');
}
