/** The arena's page against a real server: in, fly, fight, fall, and come again. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { arena } from '../../sdk/arena.js';
import { connect } from '../../sdk/client.js';
import { Player, SMALL, Server, eventually, launch } from '../harness.js';

/** @type {import('playwright-core').Browser} */
let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

/**
 * Runs with a server of its own.
 * @param {string[]} flags
 * @param {(server: Server) => Promise<void>} run
 */
async function served(flags, run) {
  const server = await Server.start([...SMALL, ...flags]);
  try {
    await run(server);
  } finally {
    await server.stop();
  }
}

test('flies as predicted, to the bit', () =>
  served(['--game', 'drones=0'], async (server) => {
    const ada = await (await Player.open(browser, server)).join('Ada');
    // Somebody who looks on sees what is true.
    const witness = connect(`ws://${server.address}/ws`, { game: arena, watch: true });
    const { id } = await ada.ship();
    assert.ok(id);
    await eventually('the witness sees the ship', () => witness.session?.mirror.get(id) != null);
    const at = witness.session?.mirror.get(id);
    assert.ok(at);
    const start = { x: at.x, y: at.y };

    await ada.page.keyboard.down('w');
    await eventually('the ship has moved at the server', () => {
      const now = witness.session?.mirror.get(id);
      return now != null && Math.hypot(now.x - start.x, now.y - start.y) > 50 * 256;
    });
    // Steady motion: two seconds of snapshots without one correction. A machine that is
    // busy with something else may take a second try.
    await ada.page.evaluate(() => {
      let clean = 0;
      let seen = 0;
      downbeat.client?.addEventListener('message', ({ data }) => {
        const corrections = downbeat.client?.stats.corrections ?? 0;
        if (data.type !== 'snapshot') return;
        clean = corrections === seen ? clean + 1 : 0;
        seen = corrections;
        /** @type {any} */ (globalThis).clean = clean;
      });
    });
    await ada.until(() => /** @type {any} */ (globalThis).clean >= 60);

    await ada.page.keyboard.up('w');
    await ada.page.keyboard.down('s');
    await ada.until(() => {
      const ship = downbeat.client?.session?.predictor.entity;
      return ship?.type === 'ship' && ship.vx === 0 && ship.vy === 0;
    });
    const predicted = await ada.ship();
    await eventually('the server has it at the same place', () => {
      const truth = witness.session?.mirror.get(id);
      return truth?.type === 'ship' && truth.x === predicted.x && truth.y === predicted.y && truth.vx === 0;
    });
    witness.close();
    await ada.fine();
  }));

test('answers a key within two pictures over a link of 150 ms', () =>
  served(['--game', 'drones=0'], async (server) => {
    const ada = await (await Player.open(browser, server)).join('Ada');
    const { page } = ada;
    await page.keyboard.press('p');
    await page.locator('#lag').fill('150');
    // From the slider back to the ship.
    await page.keyboard.press('Escape');
    await ada.until(() => (downbeat.client?.stats.rtt ?? 0) > 140);

    const pictures = await Promise.all([
      page.evaluate(
        () =>
          new Promise((resolve) => {
            const look = (/** @type {KeyboardEvent} */ event) => {
              if (event.code !== 'KeyA') return;
              const begin = downbeat.pictures;
              const heading = downbeat.own.heading;
              const wait = () => {
                if (downbeat.own.heading !== heading) resolve(downbeat.pictures - begin);
                else requestAnimationFrame(wait);
              };
              requestAnimationFrame(wait);
            };
            addEventListener('keydown', look, { capture: true });
            /** @type {any} */ (globalThis).looks = true;
          }),
      ),
      ada.until(() => /** @type {any} */ (globalThis).looks).then(() => page.keyboard.down('a')),
    ]);
    assert.ok(Number(pictures[0]) <= 2, `it took ${pictures[0]} pictures`);
    const { pending } = await page.evaluate(() => downbeat.client?.stats ?? { pending: 0 });
    assert.ok(pending >= 4, `the server knows nothing of it yet: ${pending} inputs under way`);
    await ada.fine();
  }));

test('shoots a drone', () =>
  served(['--game', 'drones=8'], async (server) => {
    const ada = await (await Player.open(browser, server)).join('Ada');
    const { page } = ada;
    await page.mouse.move(500, 100);
    await page.mouse.down();
    await eventually('a drone is destroyed', async () => {
      const { place, kills } = await page.evaluate(() => {
        const { client, view } = downbeat;
        const { camera } = view;
        const own = client?.session?.own;
        let best = { x: 500, y: 100, far: Infinity };
        for (const { entity, pose } of client?.view()?.things ?? []) {
          if (entity.type !== 'ship' || !(entity.effects & 1) || entity.effects & 2) continue;
          const x = (/** @type {number} */ (pose[0]) / 256 - camera.left) * camera.scale;
          const y = (/** @type {number} */ (pose[1]) / 256 - camera.top) * camera.scale;
          const far = Math.hypot(x - camera.width / 2, y - camera.height / 2);
          if (far < best.far) best = { x: x / camera.pixels, y: y / camera.pixels, far };
        }
        return { place: best, kills: own?.kills ?? 0 };
      });
      const x = Math.min(990, Math.max(10, place.x));
      const y = Math.min(690, Math.max(10, place.y));
      await page.mouse.move(x, y);
      return kills > 0;
    });
    await page.mouse.up();
    assert.match(String(await page.locator('#points').textContent()), /[1-9]/);
    await ada.fine();
  }));

test('falls, is told by whom, and flies again', () =>
  served(['--game', 'drones=24'], async (server) => {
    const ada = await (await Player.open(browser, server)).join('Ada');
    const first = await ada.ship();
    await ada.until(() => (downbeat.client?.session?.own?.deaths ?? 0) > 0);
    await ada.page.locator('#fallen', { hasText: /Destroyed by drone\s+New ship in \d/ }).waitFor();
    await ada.until((old) => downbeat.own.flies && downbeat.client?.session?.myId !== old, first.id);
    await ada.page.locator('#fallen').waitFor({ state: 'hidden' });
    await ada.fine();
  }));

test('two windows see each other', () =>
  served(['--game', 'drones=0'], async (server) => {
    const ada = await (await Player.open(browser, server)).join('Ada');
    const bob = await (await Player.open(browser, server)).join('Bob');
    for (const [one, other, name] of /** @type {const} */ ([[ada, bob, 'Bob'], [bob, ada, 'Ada']])) {
      await one.until(
        ({ player, name }) =>
          downbeat.client?.view()?.things.some(
            ({ entity }) => entity.type === 'ship' && entity.player === player && entity.name === name,
          ),
        { player: await other.id(), name },
      );
      await one.page.locator('#rows', { hasText: name }).waitFor();
    }
    // What one does the other sees.
    const bobs = await bob.id();
    await bob.page.keyboard.down('w');
    await ada.until(
      (player) =>
        downbeat.client?.view()?.things.some(
          ({ entity }) => entity.type === 'ship' && entity.player === player && entity.controls === 1,
        ),
      bobs,
    );
    await ada.fine();
    await bob.fine();
  }));

test('is played with two thumbs', () =>
  served(['--game', 'drones=0'], async (server) => {
    const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
    const ada = await Player.open(browser, server, phone);
    await ada.page.locator('#name').fill('Ada');
    await ada.page.locator('#go').tap();
    await ada.until(() => downbeat.own.flies);
    const fingers = await ada.page.context().newCDPSession(ada.page);
    const touch = (/** @type {string} */ type, /** @type {{ x: number, y: number, id: number }[]} */ touchPoints) =>
      fingers.send('Input.dispatchTouchEvent', /** @type {any} */ ({ type, touchPoints }));
    await touch('touchStart', [{ x: 90, y: 700, id: 1 }]);
    await touch('touchMove', [{ x: 90, y: 640, id: 1 }]);
    await touch('touchStart', [{ x: 90, y: 640, id: 1 }, { x: 300, y: 700, id: 2 }]);
    // Up, at full thrust, guns blazing.
    await ada.until(() => downbeat.own.drawn?.controls === 9 && downbeat.own.drawn.aim === 3072);
    await ada.until(() =>
      downbeat.client?.view()?.things.some(({ entity }) => entity.type === 'shot'),
    );
    await touch('touchEnd', []);
    await ada.until(() => downbeat.own.drawn?.controls === 0);
    await ada.fine();
  }));

test('is used with the keyboard alone', () =>
  served(['--game', 'drones=0'], async (server) => {
    const ada = await Player.open(browser, server);
    const { page } = ada;
    const focused = () => page.evaluate(() => document.activeElement?.id ?? '');
    assert.equal(await focused(), 'name', 'a name can be typed at once');
    await page.keyboard.type('Ada');
    await page.keyboard.press('Enter');
    await ada.until(() => downbeat.own.flies);
    assert.equal(await focused(), 'view');

    await page.keyboard.press('p');
    await page.locator('#panel').waitFor({ state: 'visible' });
    await page.keyboard.press('p');
    await page.locator('#panel').waitFor({ state: 'hidden' });

    await page.keyboard.press('Tab');
    assert.match(await focused(), /^tool-/);
    await page.keyboard.press('Escape');
    assert.equal(await focused(), 'view', 'Escape leads back to the ship');

    await page.keyboard.press('Escape');
    await page.locator('#menu').waitFor({ state: 'visible' });
    await page.keyboard.press('Escape');
    await page.locator('#menu').waitFor({ state: 'hidden' });
    assert.equal(await focused(), 'view');

    await page.keyboard.press('Escape');
    await page.locator('#menu button[value="leave"]').focus();
    await page.keyboard.press('Enter');
    await page.locator('#join').waitFor({ state: 'visible' });
    assert.equal(await focused(), 'name');
    assert.equal(await page.locator('#name').inputValue(), 'Ada', 'the name is remembered');
    await ada.fine();
  }));

test('loads less than 100 kB', () =>
  served([], async (server) => {
    const ada = await Player.open(browser, server);
    const bytes = await ada.page.evaluate(() =>
      [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')].reduce(
        (sum, entry) => sum + /** @type {PerformanceResourceTiming} */ (entry).transferSize,
        0,
      ),
    );
    assert.ok(bytes > 10_000 && bytes < 100_000, `${bytes} bytes`);
    await ada.fine();
  }));
