/**
 * What a picture of the arena costs the page's script: `npm run cost`. A tool and no test,
 * because time is not asserted.
 *
 * 200 things in a window of 1920 × 1080 (ships under thrust with names and damage, shots,
 * pickups), sparks behind all of them, 60 pictures and 30 snapshots a second; then the
 * same under fourfold throttling. The canvas has few pixels: painting them is the graphics
 * card's part, and without one it would hide what is to be measured.
 */

import { Player, Server, launch } from './harness.js';

const PICTURES = 400;
const THINGS = 200;

const server = await Server.start();
const browser = await launch();
try {
  for (const rate of [1, 4]) {
    const options = { viewport: { width: 1920, height: 1080 }, deviceScaleFactor: 0.25, path: '/arena/style.css' };
    const { page } = await Player.open(browser, server, options);
    const tools = await page.context().newCDPSession(page);
    await tools.send('Emulation.setCPUThrottlingRate', { rate });
    const costs = await page.evaluate(draw, { pictures: PICTURES, things: THINGS });
    const all = Object.values(costs).reduce((sum, ms) => sum + ms);
    console.log(`throttled ${rate}×: ${all.toFixed(2)} ms of script per picture of ${THINGS} things`);
    for (const [what, ms] of Object.entries(costs)) console.log(`  ${ms.toFixed(2)} ms ${what}`);
    await page.context().close();
  }
} finally {
  await browser.close();
  await server.stop();
}

/**
 * Runs on the page. @param {{ pictures: number, things: number }} how
 * @returns {Promise<Record<string, number>>}
 */
async function draw({ pictures, things }) {
  /** @param {string} path @returns {Promise<any>} */
  const load = (path) => import(path);
  const { Session } = await load('/sdk/session.js');
  const { arena } = await load('/sdk/arena.js');
  const { View } = await load('/arena/view.js');
  const { Scene } = await load('/arena/scene.js');
  const { Effects } = await load('/arena/effects.js');
  const { Minimap } = await load('/arena/minimap.js');

  const rules = { tickRate: 30, size: 4096 * 256, turn: 78, thrust: 56, drag: 164, brake: 546 };
  const welcome = { player: 1, tick: 0, applied: 0, tickRate: 30, snapshotRate: 30, rules };
  const session = new Session(arena, welcome, 0);
  const own = { score: 0, kills: 0, deaths: 0, status: { type: 'flying', ship: 1 } };
  const entities = Array.from({ length: things }, (_, i) => {
    const x = (1400 + (i * 67) % 1300) * 256;
    const y = (1650 + (i * 151) % 800) * 256;
    if (i % 10 === 9) return { type: 'pickup', x, y, kind: 'repair' };
    if (i % 3 === 2) return { type: 'shot', x, y, vx: (i % 7) - 3, vy: (i % 5) - 2, player: i % 4 };
    const motion = { x, y, vx: 0, vy: 0, heading: (i * 331) % 4096, aim: 0, controls: 5 };
    const state = { health: 30 + (i % 70), effects: i % 8, player: i + 1, name: `pilot ${i}` };
    return { type: 'ship', ...motion, ...state };
  });
  const told = (/** @type {number} */ now, /** @type {boolean} */ reset) =>
    session.snapshot(
      {
        elapsed: 1, applied: 1, waiting: 1, own, checksum: null, reset, hidden: [],
        cells: reset
          ? [[0, { type: 'keyframe', entities: entities.map((entity, i) => [i + 1, entity]) }]]
          : [],
      },
      now,
    );

  // Not the page itself, which draws pictures of its own.
  const canvas = document.createElement('canvas');
  Object.assign(canvas.style, { position: 'fixed', inset: '0', width: '100%', height: '100%' });
  document.body.append(canvas);
  const view = new View(canvas);
  view.took = () => {};
  const effects = new Effects();
  const scene = new Scene(effects, null);
  const minimap = new Minimap(document.createElement('canvas'));
  /** @type {Record<string, number>} */
  const costs = { 'ticks and snapshots': 0, 'what to draw': 0, effects: 0, drawing: 0 };
  const input = { controls: 1, aim: 0 };
  let count = -120;
  const timed = (/** @type {string} */ what, /** @type {() => void} */ run) => {
    const before = performance.now();
    run();
    if (count >= 0) costs[what] = (costs[what] ?? 0) + performance.now() - before;
  };
  /** @type {any} */
  let seen;
  told(0, true);
  await new Promise((resolve) => {
    const picture = () => {
      const now = (count + 120) * (1000 / 60);
      timed('ticks and snapshots', () => {
        if (count % 2 === 0) told(now, false);
        for (let due = session.clock.advance(now); due > 0; due--) session.tick(input);
      });
      timed('what to draw', () => (seen = session.view(now, input)));
      timed('effects', () => {
        view.camera.follow({ pose: [2050 * 256, 2050 * 256] });
        scene.update(seen.things, 1, 1, view.camera, 1 / 60);
        effects.advance(1 / 60);
      });
      timed('drawing', () => {
        view.draw(seen.things, { size: 4096, myShip: 1, me: 1, effects, now });
        if (count % 6 === 0) minimap.draw(4096, view.camera, seen.me);
      });
      count += 1;
      if (count < pictures) requestAnimationFrame(picture);
      else resolve(null);
    };
    requestAnimationFrame(picture);
  });
  for (const what of Object.keys(costs)) costs[what] = Number(costs[what]) / pictures;
  return { ...costs };
}
