/** How connections end, as the player sees it, and how they come back. */

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { AWAY, Cable, Player, SMALL, Server, launch } from '../harness.js';

/** @type {import('playwright-core').Browser} */
let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

/**
 * What an end that the server has said is: without `wasClean`, which browsers deny if the
 * page has sent something that the close overtook.
 * @param {import('../harness.js').End | undefined} end
 */
const said = (end) => end && { code: end.code, label: end.label, willReconnect: end.willReconnect };

const CALM = [...SMALL, '--game', 'drones=0'];

test('a server that restarts is waited for', async () => {
  const server = await Server.start(CALM);
  let next = null;
  try {
    const ada = await (await Player.open(browser, server)).join('Ada');
    const { page } = ada;
    await server.stop('SIGTERM');
    await page.locator('#banner[data-label="restarting"]').waitFor();
    assert.match(await page.locator('#banner').innerText(), /The server is restarting/);
    const [end] = await ada.ends();
    assert.deepEqual(said(end), { code: 1012, label: 'restarting', willReconnect: true });

    next = await Server.start(CALM, server.address);
    // First, because it does not stay.
    await page.locator('#feed .news', { hasText: 'you start anew' }).waitFor();
    await ada.until(() => downbeat.client?.state === 'playing' && downbeat.own.flies);
    await page.locator('#banner').waitFor({ state: 'hidden' });
    assert.equal((await ada.ship()).name, 'Ada');
    await ada.fine(AWAY);
  } finally {
    await server.stop();
    await next?.stop();
  }
});

test('a server that saves its rooms brings the same player back', async () => {
  const saves = await mkdtemp(path.join(tmpdir(), 'downbeat-saves-'));
  const flags = [...CALM, '--game', 'pickups=1000', '--save-dir', saves, '--limbo', '60s'];
  const server = await Server.start(flags);
  let next = null;
  try {
    const ada = await (await Player.open(browser, server)).join('Ada');
    const { page } = ada;
    await page.keyboard.down('w');
    await page.keyboard.down('a');
    await ada.until(() => (downbeat.client?.session?.own?.score ?? 0) > 0);
    await page.keyboard.up('w');
    await page.keyboard.up('a');
    await server.stop('SIGTERM');
    await page.locator('#banner[data-label="restarting"]').waitFor();
    const before = await known(ada);

    next = await Server.start(flags, server.address);
    await ada.until(() => downbeat.client?.state === 'playing' && downbeat.own.flies);
    await page.locator('#banner').waitFor({ state: 'hidden' });
    const after = await known(ada);
    assert.deepEqual({ ...after, score: 0 }, { ...before, score: 0 }, 'the same player in the same ship');
    // It drifted a while: there may be more, but nothing is lost.
    assert.ok(before.score > 0 && after.score >= before.score, `${after.score}, was ${before.score}`);
    assert.equal(await page.locator('#feed .news').count(), 0, 'nothing began anew');
    await ada.fine(AWAY);
  } finally {
    await server.stop();
    await next?.stop();
    await rm(saves, { recursive: true });
  }
});

/** Who somebody is, as his page knows it. @param {Player} player */
async function known(player) {
  const { id: ship, name } = await player.ship();
  const score = await player.page.evaluate(() => downbeat.client?.session?.own?.score ?? 0);
  return { player: await player.id(), ship, name, score };
}

test('a server that dies is an unclean end, and waited for', async () => {
  const server = await Server.start(CALM);
  let next = null;
  try {
    const ada = await (await Player.open(browser, server)).join('Ada');
    await server.stop('SIGKILL');
    await ada.page.locator('#banner[data-label="link_lost"]').waitFor();
    const [end] = await ada.ends();
    assert.deepEqual(end, { code: 1006, label: 'link_lost', wasClean: false, willReconnect: true });
    await ada.page.locator('#banner .count', { hasText: /Back in \d+ s|Connecting/ }).waitFor();

    next = await Server.start(CALM, server.address);
    await ada.until(() => downbeat.client?.state === 'playing' && downbeat.own.flies);
    await ada.fine(AWAY);
  } finally {
    await server.stop();
    await next?.stop();
  }
});

test('a link that is cut comes back as the same player', async () => {
  const server = await Server.start(CALM);
  const cable = await new Cable(server).open();
  try {
    const ada = await (await Player.open(browser, cable)).join('Ada');
    const before = { player: await ada.id(), ship: (await ada.ship()).id };
    cable.cut();
    await ada.until(() => /** @type {any} */ (globalThis).ends.length > 0);
    await ada.until(() => downbeat.client?.state === 'playing' && downbeat.own.flies);
    const after = { player: await ada.id(), ship: (await ada.ship()).id };
    assert.deepEqual(after, before, 'the same player in the same ship');
    const [end] = await ada.ends();
    assert.equal(end?.wasClean, false);
    await ada.fine(AWAY);
  } finally {
    cable.close();
    await server.stop();
  }
});

test('who joins from another window is told so in the first', async () => {
  const server = await Server.start(CALM);
  try {
    const ada = await (await Player.open(browser, server)).join('Ada');
    const token = await ada.page.evaluate(() => sessionStorage.getItem('downbeat.resume'));
    const other = await Player.open(browser, server);
    await other.page.evaluate((token) => sessionStorage.setItem('downbeat.resume', String(token)), token);
    await other.join('Ada');

    await ada.page.locator('#banner[data-label="taken_over"]').waitFor();
    assert.match(await ada.page.locator('#banner').innerText(), /You joined from another window/);
    const [end] = await ada.ends();
    assert.deepEqual(said(end), { code: 4007, label: 'taken_over', willReconnect: false });
    assert.equal(await ada.page.evaluate(() => document.activeElement?.textContent), 'Join again here');
    assert.equal(await other.id(), await ada.id());
    await ada.fine();
    await other.fine();
  } finally {
    await server.stop();
  }
});

test('a full room says so, and lets him in when there is a place', async () => {
  const server = await Server.start([...CALM, '--max-players', '1', '--limbo', '0s']);
  try {
    const ada = await (await Player.open(browser, server)).join('Ada');
    const bob = await Player.open(browser, server);
    await bob.page.locator('#name').fill('Bob');
    await bob.page.keyboard.press('Enter');
    await bob.page.locator('#banner[data-label="full"]').waitFor();
    assert.match(await bob.page.locator('#banner').innerText(), /The server is full/);
    await ada.fine();
    await bob.until(() => downbeat.own.flies);
    await bob.fine();
  } finally {
    await server.stop();
  }
});

test('a kick shows its words and does not come back', async () => {
  const server = await Server.start(CALM);
  try {
    const ada = await (await Player.open(browser, server)).join('Ada');
    await server.operate(`rooms/main/sessions/${await ada.id()}/kick`, { text: 'no ramming' });
    await ada.page.locator('#banner[data-label="kicked"]').waitFor();
    assert.match(await ada.page.locator('#banner').innerText(), /You were removed\s+No ramming\./);
    const [end] = await ada.ends();
    assert.deepEqual(said(end), { code: 4011, label: 'kicked', willReconnect: false });
    await ada.fine();
  } finally {
    await server.stop();
  }
});

test('who leaves is at the door again, and gone from the room', async () => {
  const server = await Server.start(CALM);
  try {
    const ada = await (await Player.open(browser, server)).join('Ada');
    const bob = await (await Player.open(browser, server)).join('Bob');
    await ada.page.locator('#tool-menu').click();
    await ada.page.locator('#menu button[value="leave"]').click();
    await ada.page.locator('#join').waitFor({ state: 'visible' });
    await bob.page.locator('#players', { hasText: '1 player' }).waitFor();
    const ends = await ada.ends();
    assert.deepEqual(ends, [{ code: 1000, label: 'left', wasClean: true, willReconnect: false }]);
    await ada.fine();
    await bob.fine();
  } finally {
    await server.stop();
  }
});
