/** The watch page against a real server. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { AWAY, Player, Server, eventually, launch } from '../harness.js';

/** @type {import('playwright-core').Browser} */
let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

test('a spectator sees everything, follows a player, and is nobody', async () => {
  const server = await Server.start(['--game', 'size=4096', '--game', 'drones=5', '--game', 'pickups=7']);
  try {
    const ada = await (await Player.open(browser, server)).join('Ada');
    const watcher = await Player.open(browser, server, { path: '/watch' });
    const { page } = watcher;
    // Five drones, seven pickups and Ada, wherever they are: the plane is larger than a view.
    await watcher.until(() => (downbeat.client?.stats.entities ?? 0) >= 13);
    await page.locator('#players', { hasText: '1 player' }).waitFor();
    await page.locator('#rows', { hasText: 'Ada' }).waitFor();

    await page.keyboard.press('1');
    await page.locator('#what', { hasText: 'What Ada sees' }).waitFor();
    const player = await ada.id();
    await ada.page.keyboard.down('w');
    await watcher.until((player) => {
      const { camera } = downbeat.view;
      return downbeat.client?.view()?.things.some(
        ({ entity, pose: [x = 0, y = 0] }) =>
          entity.type === 'ship' && entity.player === player && camera.distance(x / 256, y / 256) < 60,
      );
    }, player);
    await page.locator('#rows button').click();
    await page.locator('#what', { hasText: 'The whole arena' }).waitFor();

    // The chart: as many ticks as the server is set to.
    await eventually('ticks are counted', async () => {
      const rate = Number(await page.locator('#rate').textContent());
      return rate > 25 && rate < 35;
    });
    assert.match(String(await page.locator('#load').textContent()), /^\d+\.\d %$/);

    await server.stop('SIGTERM');
    await page.locator('#banner[data-label="restarting"]').waitFor();
    await watcher.fine(AWAY);
    await ada.fine(AWAY);
  } finally {
    await server.stop();
  }
});
