/**
 * The arena's page: puts the parts together and draws a picture whenever the screen
 * takes one.
 *
 * The page is in one of three states, which are also the body's `data-state`: `join` (at
 * the door), `play` (a client exists, whatever its connection does), `over` (the
 * connection ended for good).
 */

import { POSITION_ONE, arena } from '../sdk/arena.js';
import { connect } from '../sdk/client.js';
import { delayed } from '../sdk/lag.js';
import { byId, lessMotion, setText, windowMemory, within } from './dom.js';
import { Effects } from './effects.js';
import { Hud } from './hud.js';
import { Controls, isElsewhere } from './input.js';
import { Door } from './join.js';
import { Minimap } from './minimap.js';
import * as palette from './palette.js';
import { Panel, lag } from './panel.js';
import { Scene } from './scene.js';
import { Sound } from './sound.js';
import { View } from './view.js';
import { countdown, needsReload, wordsFor, wordsForSilence } from './words.js';

/** @import { ArenaClient, Event as ArenaEvent, Entity, Own } from '../sdk/arena.js' */
/** @import { ClientCloseEvent, Thing } from '../sdk/index.js' */

/** Where the sky drifts to while nobody plays, in units per second. */
const DRIFT = { x: 36, y: 14 };
/** The side of that sky, in units. */
const SKY = 8192;
/** A connection that takes longer is worth a word, in milliseconds. */
const PATIENCE_MS = 600;
/** And so is a server that says nothing for longer. */
const QUIET_MS = 1500;

const canvas = byId('view', HTMLCanvasElement);
const banner = byId('banner', HTMLElement);
const count = within(banner, '.count', HTMLElement);
const menu = byId('menu', HTMLDialogElement);
const room = new URLSearchParams(location.search).get('room') ?? '';

const view = new View(canvas);
const effects = new Effects();
const sound = new Sound();
const scene = new Scene(effects, sound);
const hud = new Hud();
const minimap = new Minimap(byId('map', HTMLCanvasElement));
const panel = new Panel();
const controls = new Controls(canvas);
const door = new Door((name) => enter(name));

/** @type {ArenaClient | null} */
let client = null;
/** The player's ship as it is drawn; null while he has none. @type {Thing<Entity> | null} */
let me = null;
/** Whether the player was ever in, with this client. */
let wasIn = false;
let enteredAt = 0;
let lastName = '';
let lastScore = 0;
/** When the connection comes back by itself. @type {number | null} */
let backAt = null;
let pictureAt = 0;
let pictures = 0;
/** @type {readonly Thing<Entity>[]} */
const NOTHING = [];

/** @param {'join' | 'play' | 'over'} state */
function setState(state) {
  document.body.dataset['state'] = state;
}

/** @param {string} name */
function enter(name) {
  lastName = name;
  enteredAt = performance.now();
  sound.wake();
  // The old one may still be closing; it has nothing to say any more.
  client?.close();
  hideBanner();
  hud.clear();
  minimap.clear();
  scene.clear();
  wasIn = false;
  setState('play');
  canvas.tabIndex = 0;
  canvas.focus({ preventScroll: true });

  const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
  const url = `${scheme}://${location.host}/ws${room ? `/${encodeURIComponent(room)}` : ''}`;
  const mine = connect(url, {
    game: arena,
    name,
    resume: windowMemory.get('resume'),
    WebSocket: delayed(() => lag.ms),
  });
  client = mine;
  mine.onmessage = ({ data }) => {
    if (client !== mine) return;
    if (data.type === 'welcome') welcomed(mine);
    else if (data.type === 'snapshot') snapshot(mine);
    else told(data.event);
  };
  mine.onclose = (event) => {
    if (client === mine) ended(event);
  };
}

/** @param {ArenaClient} client */
function welcomed(client) {
  // Who comes back as himself has inputs that were used; a newcomer has none.
  if (wasIn && client.session?.welcome.applied === 0) {
    hud.notice('news', 'Your ship is gone: you start anew');
  }
  wasIn = true;
  windowMemory.set('resume', client.resumeToken);
  scene.clear();
  lastScore = -1;
  hideBanner();
}

/** @param {ArenaClient} client */
function snapshot(client) {
  panel.snapshot(client.stats.snapshotGap);
  if (client.session?.own) scored(client.session.own);
}

/** @param {Own} mine */
function scored(mine) {
  hud.own(mine);
  const gained = mine.score - lastScore;
  if (lastScore >= 0 && gained > 0 && me) {
    const [x = 0, y = 0] = me.pose;
    effects.word(x / POSITION_ONE, y / POSITION_ONE - 34, `+${gained}`, palette.OWN);
  }
  lastScore = mine.score;
}

/** @param {ArenaEvent} event */
function told(event) {
  switch (event.type) {
    case 'leaderboard':
      hud.leaderboard(event.players, event.rows, client?.session?.welcome.player ?? 0);
      break;
    case 'radar':
      minimap.radar(event.blips);
      break;
    case 'kill':
      hud.notice('kill', 'You destroyed ', event.victim);
      sound.kill();
      break;
    case 'death':
      hud.fell(event.by);
  }
}

/** @param {ClientCloseEvent} event */
function ended({ label, reason, retryInMs, willReconnect }) {
  controls.release();
  const words = wordsFor(label, reason, wasIn, navigator.onLine);
  backAt = retryInMs === null ? null : performance.now() + retryInMs;
  const button = within(banner, 'button', HTMLButtonElement);
  showBanner(label, words.title, words.text);
  button.hidden = willReconnect;
  if (willReconnect) return;
  setText(count, '');

  setText(button, words.again);
  setState('over');
  button.onclick = () => (needsReload(label) ? location.reload() : enter(lastName));
  button.focus();
}

function hideBanner() {
  backAt = null;
  setText(count, '');
  banner.hidden = true;
}

function leave() {
  windowMemory.set('resume', null);
  client?.close();
  client = null;
  controls.release();
  hideBanner();
  hud.waiting(null);
  setState('join');
  canvas.tabIndex = -1;
  door.open(room);
}

/** @param {string} what */
function choose(what) {
  if (what === 'panel') panel.open = !panel.open;
  else if (what === 'sound') toggleSound();
  else if (what === 'leave') leave();
  else if (what === 'menu') openMenu();
  if (what !== 'leave' && what !== 'menu') canvas.focus({ preventScroll: true });
}

function toggleSound() {
  sound.isOn = !sound.isOn;
  byId('tool-sound', HTMLButtonElement).setAttribute('aria-pressed', String(sound.isOn));
}

function openMenu() {
  if (menu.open) return;
  controls.release();
  menu.returnValue = 'back';
  menu.showModal();
}

/** A picture. @param {number} now */
function picture(now) {
  requestAnimationFrame(picture);
  const dt = Math.min(0.1, Math.max(0, (now - pictureAt) / 1000));
  view.took(now - pictureAt);
  pictureAt = now;
  pictures += 1;
  if (client?.session) play(client, now, dt);
  else drift(dt, now);
  if (backAt !== null) setText(count, countdown(backAt - now));
}

/** @param {ArenaClient} client @param {number} now @param {number} dt */
function play(client, now, dt) {
  const { session } = client;
  if (!session) return;
  client.update(() => controls.take(), now);
  const seen = client.view(now, controls.peek());
  const things = seen?.things ?? NOTHING;
  me = seen?.me ?? null;
  const myShip = me?.id ?? -1;
  const { camera } = view;
  if (me) camera.follow(me);
  const { player, rules } = session.welcome;
  scene.update(things, myShip, player, camera, dt);
  effects.advance(dt);
  const size = rules.size / POSITION_ONE;
  view.draw(things, { size, myShip, me: player, effects, now });
  view.drawSticks(controls);
  controls.setShip(canvas.clientWidth / 2, canvas.clientHeight / 2);

  listen(client);
  hud.waiting(untilFlight(client));
  if (pictures % 6 === 0) minimap.draw(size, camera, me);
  panel.update(client, now);
}

/** A link on which nothing comes is told of before it is given up. @param {ArenaClient} client */
function listen({ silence }) {
  const isTold = !banner.hidden && banner.dataset['label'] === 'quiet';
  if (silence > QUIET_MS && banner.hidden) {
    const { title, text } = wordsForSilence(navigator.onLine);
    within(banner, 'button', HTMLButtonElement).hidden = true;
    showBanner('quiet', title, text);
  } else if (silence <= QUIET_MS && silence > 0 && isTold) {
    hideBanner();
  }
}

/** Seconds until the player has a ship again; null while he has one. @param {ArenaClient} client */
function untilFlight({ session, state }) {
  if (!session?.own || session.own.status.type !== 'waiting' || state !== 'playing') return null;
  const ticks = (session.own.status.until - session.mirror.tick) | 0;
  return Math.max(0, ticks) / session.welcome.tickRate;
}

/** Nobody plays: the sky goes by. @param {number} dt @param {number} now */
function drift(dt, now) {
  const { camera } = view;
  const speed = lessMotion.matches ? 0 : dt;
  camera.look((camera.x + DRIFT.x * speed) % SKY, (camera.y + DRIFT.y * speed) % SKY);
  effects.advance(dt);
  view.draw(NOTHING, { size: SKY, myShip: -1, me: 0, effects, now });
  if (client && banner.hidden && now - enteredAt > PATIENCE_MS) {
    showBanner('connecting', 'Connecting…', '');
  }
}

/** @param {string} label @param {string} title @param {string} text */
function showBanner(label, title, text) {
  banner.dataset['label'] = label;
  setText(within(banner, 'h2', HTMLElement), title);
  setText(within(banner, '.text', HTMLElement), text);
  banner.hidden = false;
}

addEventListener('keydown', (event) => {
  if (document.body.dataset['state'] !== 'play') return;
  if (event.key === 'Escape' && !menu.open) {
    event.preventDefault();
    // From a button back to the ship; from the ship to the menu.
    if (document.activeElement === canvas || document.activeElement === document.body) openMenu();
    else canvas.focus();
  } else if (!event.repeat && !isElsewhere(event)) {
    if (event.code === 'KeyP') choose('panel');
    else if (event.code === 'KeyM') choose('sound');
  }
});
for (const name of ['panel', 'sound', 'menu']) {
  byId(`tool-${name}`, HTMLButtonElement).addEventListener('click', () => choose(name));
}
menu.addEventListener('close', () => choose(menu.returnValue || 'back'));
byId('tool-sound', HTMLButtonElement).setAttribute('aria-pressed', String(sound.isOn));

// For whoever looks on with the browser's tools, and for the tests.
Object.assign(globalThis, {
  downbeat: {
    get client() {
      return client;
    },
    get pictures() {
      return pictures;
    },
    get own() {
      const ship = me?.entity.type === 'ship' ? me.entity : null;
      return { flies: ship !== null, drawn: ship, heading: me?.pose[2] ?? 0 };
    },
    view,
    controls,
  },
});

view.camera.look(SKY / 4, SKY / 3);
door.open(room);
requestAnimationFrame(picture);
