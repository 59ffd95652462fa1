/**
 * The door: a name, remembered or suggested, and who is inside.
 */

import { byId, remembered, setText } from './dom.js';

const FIRST = ['Swift', 'Quiet', 'Amber', 'Lucky', 'Polar', 'Solar', 'Velvet', 'Iron', 'Hasty', 'Bold', 'Misty', 'Sly'];
const SECOND = ['Lynx', 'Comet', 'Heron', 'Otter', 'Raven', 'Pike', 'Wren', 'Falcon', 'Ibis', 'Moth', 'Viper', 'Hare'];
/** What the arena takes. */
const MAX_BYTES = 16;

/** A name somebody might like. */
export function suggestion() {
  const pick = (/** @type {string[]} */ list) => list[Math.floor(Math.random() * list.length)];
  return `${pick(FIRST)} ${pick(SECOND)}`;
}

/** The form at the door. */
export class Door {
  #form = byId('form', HTMLFormElement);
  #name = byId('name', HTMLInputElement);
  #who = byId('who', HTMLElement);

  /** @param {(name: string) => void} enter */
  constructor(enter) {
    this.#name.value = remembered.get('name') ?? suggestion();
    byId('dice', HTMLButtonElement).addEventListener('click', () => {
      this.#name.value = suggestion();
    });
    this.#name.addEventListener('input', () => this.#check());
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      const name = this.#name.value.trim();
      remembered.set('name', name);
      enter(name);
    });
  }

  /** Somebody stands before it. @param {string} room */
  open(room) {
    this.#name.focus();
    this.#name.select();
    this.#ask(room);
  }

  /** The limit is in bytes, and a field only counts letters. */
  #check() {
    const size = new TextEncoder().encode(this.#name.value.trim()).length;
    const isBlank = this.#name.value !== '' && size === 0;
    this.#name.setCustomValidity(
      size > MAX_BYTES ? 'That is a little too long.' : isBlank ? 'A name needs a letter.' : '',
    );
  }

  /** Who is inside. @param {string} room */
  async #ask(room) {
    try {
      const response = await fetch('/api/rooms');
      if (!response.ok) return;
      /** @type {{ rooms: { name: string, players: number }[] }} */
      const { rooms } = await response.json();
      const meant = rooms.filter(({ name }) => room === '' || name === room);
      const players = meant.reduce((sum, { players }) => sum + players, 0);
      const place = room ? ` in ${room}` : '';
      setText(
        this.#who,
        players === 0 ? `Nobody but drones${place} yet.` : players === 1 ? `1 player${place} now.` : `${players} players${place} now.`,
      );
    } catch {
      setText(this.#who, 'The server does not answer.');
    }
  }
}
