/**
 * The watch page: a spectator's view of a room, of the whole plane or of what one
 * player sees, and how the server's ticks do.
 */

import { POSITION_ONE, arena } from '../sdk/arena.js';
import { connect } from '../sdk/client.js';
import { byId, make, setText, within } from '../arena/dom.js';
import { Effects } from '../arena/effects.js';
import * as palette from '../arena/palette.js';
import { Scene } from '../arena/scene.js';
import { View } from '../arena/view.js';
import { countdown, wordsFor } from '../arena/words.js';
import { Chart } from './chart.js';

/** @import { ArenaClient, Row } from '../sdk/arena.js' */

/** From one look at the server's own figures to the next, in milliseconds. */
const EVERY_MS = 1000;
/** The whole plane leaves so much of the window free, in CSS pixels. */
const MARGIN = 24;

const room = new URLSearchParams(location.search).get('room') ?? '';
const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
const path = room ? `/ws/${encodeURIComponent(room)}` : '/ws';
/** @type {ArenaClient} */
const client = connect(`${scheme}://${location.host}${path}`, { game: arena, watch: true });

const canvas = byId('view', HTMLCanvasElement);
const banner = byId('banner', HTMLElement);
const list = byId('rows', HTMLElement);
const view = new View(canvas);
const effects = new Effects();
const scene = new Scene(effects, null);

/** Whom to look at; null: at everything. @type {number | null} */
let followed = null;
let followedName = '';
/** @type {readonly Row[]} */
let rows = [];
/** @type {number | null} */
let backAt = null;
let pictureAt = 0;

/** @param {number | null} player @param {string} [name] */
function follow(player, name = '') {
  followed = player;
  followedName = name;
  client.follow(player);
  scene.clear();
  show();
}

/** The list, and what is looked at. */
function show() {
  const { session } = client;
  setText(byId('room', HTMLElement), session?.welcome.room ?? '…');
  const what = followed === null ? 'The whole arena' : `What ${followedName || 'a player'} sees`;
  setText(byId('what', HTMLElement), session ? what : 'Connecting…');
  const focused = document.activeElement instanceof HTMLElement ? document.activeElement.dataset['player'] : undefined;
  list.replaceChildren(
    ...rows.map(({ player, name, score }) => {
      const row = make('li', player === followed ? 'me' : '');
      const button = make('button');
      button.type = 'button';
      button.dataset['player'] = String(player);
      button.setAttribute('aria-pressed', String(player === followed));
      button.append(make('span', 'name', name), make('span', 'score', score.toLocaleString('en')));
      button.addEventListener('click', () => follow(player === followed ? null : player, name));
      row.append(button);
      return row;
    }),
  );
  // The list is new, the focus stays where it was.
  const again = focused === undefined ? null : list.querySelector(`[data-player="${focused}"]`);
  if (again instanceof HTMLElement) again.focus();
}

client.onmessage = ({ data }) => {
  if (data.type === 'welcome') {
    backAt = null;
    banner.hidden = true;
    scene.clear();
    show();
  } else if (data.type === 'event' && data.event.type === 'leaderboard') {
    const { players } = data.event;
    rows = data.event.rows;
    setText(byId('players', HTMLElement), players === 1 ? '1 player' : `${players} players`);
    show();
  }
};
client.onclose = ({ label, reason, retryInMs }) => {
  const { title, text } = wordsFor(label, reason, client.session !== null);
  backAt = retryInMs === null ? null : performance.now() + retryInMs;
  setText(within(banner, 'h2', HTMLElement), title);
  setText(within(banner, '.text', HTMLElement), label === 'link_lost' ? '' : text);
  banner.dataset['label'] = label;
  banner.hidden = false;
};

addEventListener('keydown', ({ code, key, ctrlKey, metaKey, altKey }) => {
  if (ctrlKey || metaKey || altKey) return;
  const digit = /^Digit(\d)$/.exec(code)?.[1];
  if (key === 'Escape' || digit === '0') follow(null);
  else if (digit) {
    const row = rows[Number(digit) - 1];
    if (row) follow(row.player, row.name);
  }
});

/** A picture. @param {number} now */
function picture(now) {
  requestAnimationFrame(picture);
  const dt = Math.min(0.1, Math.max(0, (now - pictureAt) / 1000));
  view.took(now - pictureAt);
  pictureAt = now;
  if (backAt !== null) setText(within(banner, '.count', HTMLElement), countdown(backAt - now));
  const { session } = client;
  const things = client.view(now)?.things ?? [];
  const size = (session?.welcome.rules.size ?? 0) / POSITION_ONE;
  const { camera } = view;
  let shipId = -1;
  if (followed === null) {
    const room = Math.min(canvas.clientWidth, canvas.clientHeight) - 2 * MARGIN;
    view.zoom = size > 0 ? room / size : null;
    camera.look(size / 2, size / 2);
  } else {
    view.zoom = null;
    for (const thing of things) {
      const { id, entity } = thing;
      if (entity.type !== 'ship' || entity.player !== followed) continue;
      shipId = id;
      camera.follow(thing);
    }
  }
  const me = followed ?? 0;
  scene.update(things, shipId, me, camera, dt);
  effects.advance(dt);
  view.draw(things, { size, myShip: shipId, me, effects, now, isCoarse: followed === null });
}

const rateChart = new Chart(byId('rate-chart', HTMLCanvasElement), palette.FOE);
const loadChart = new Chart(byId('load-chart', HTMLCanvasElement), palette.OWN);
/** @type {{ tick: number, at: number } | null} */
let before = null;

/** How the room's ticks do, as the server itself says it. */
async function look() {
  try {
    const name = client.session?.welcome.room;
    const response = await fetch('/api/rooms');
    /** @type {{ rooms: { name: string, tick: number, tick_rate: number, last_tick_ms: number, load: number }[] }} */
    const { rooms } = await response.json();
    const found = rooms.find((room) => room.name === name);
    const at = performance.now() - (found?.last_tick_ms ?? 0);
    if (found && before) {
      const ticks = (found.tick - before.tick) | 0;
      const rate = ticks < 0 ? 0 : (ticks * 1000) / (at - before.at);
      setText(byId('rate', HTMLElement), rate.toFixed(1));
      setText(byId('load', HTMLElement), `${(found.load * 100).toFixed(1)} %`);
      rateChart.push(rate, found.tick_rate * 1.25, found.tick_rate);
      loadChart.push(found.load, 0.02, null);
    }
    before = found ? { tick: found.tick, at } : null;
  } catch {
    // It is away; the banner says so.
    before = null;
  }
  setTimeout(look, EVERY_MS);
}

// For whoever looks on with the browser's tools, and for the tests.
Object.assign(globalThis, { downbeat: { client, view } });

show();
look();
requestAnimationFrame(picture);
