/** A page that nobody sees, one that is frozen, and one whose network changes: all come back. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Tab } from '../devtools.js';
import { AWAY, Cable, Player, SMALL, Server, launch } from '../harness.js';

const CALM = [...SMALL, '--game', 'drones=0'];
/** Ticks that are made up for at once after a pause, and one more that is due. */
const CATCH_UP = 6;

/** Writes down on the page how many inputs were sent in all, and how connections ended. */
function listen() {
  const page = /** @type {any} */ (globalThis);
  Object.assign(page, { inputs: 0, controls: null, ends: [] });
  const { send } = WebSocket.prototype;
  WebSocket.prototype.send = function (/** @type {any} */ data) {
    const bytes = /** @type {Uint8Array} */ (data);
    if (bytes[0] === 1) {
      page.inputs += 1;
      page.controls = bytes.at(-2);
    }
    return send.call(this, data);
  };
}

/** A tab in which Ada flies on with a key held. @param {Server} server */
async function flying(server) {
  const tab = await Tab.open(server, listen);
  await tab.evaluate(() => {
    const field = /** @type {HTMLInputElement} */ (document.querySelector('#name'));
    field.value = 'Ada';
    /** @type {HTMLButtonElement} */ (document.querySelector('#go')).click();
    downbeat.client?.addEventListener('close', ({ label }) => /** @type {any} */ (globalThis).ends.push(label));
  });
  await tab.until(() => downbeat.own.flies);
  await tab.hold('w', 'KeyW', 87);
  await tab.until(() => downbeat.own.drawn?.controls === 1);
  return tab;
}

/** @param {Tab} tab */
function figures(tab) {
  return tab.evaluate(() => {
    const { client, pictures, own } = downbeat;
    const { session } = /** @type {NonNullable<typeof client>} */ (client);
    const { inputs, controls, ends } = /** @type {any} */ (globalThis);
    return {
      pictures,
      inputs: /** @type {number} */ (inputs),
      controls: /** @type {number} */ (controls),
      ends: /** @type {string[]} */ (ends),
      snapshots: client?.stats.snapshots ?? 0,
      age: session?.mirror.age ?? 0,
      player: session?.welcome.player,
      ship: session?.myId,
      flies: own.flies,
      state: client?.state,
    };
  });
}

/** After some pictures: inputs as many as ticks have passed, and no burst. @param {Tab} tab @param {Awaited<ReturnType<typeof figures>>} before */
async function steady(tab, before) {
  await tab.until((pictures) => downbeat.pictures >= pictures, before.pictures + 20);
  const after = await figures(tab);
  const inputs = after.inputs - before.inputs;
  const ticks = after.age - before.age;
  assert.ok(inputs <= ticks + CATCH_UP, `${inputs} inputs in ${ticks} ticks: a burst`);
  assert.ok(inputs > 0 && after.flies, 'it is played again');
}

test('a hidden page lets go, sees on, and comes back without a burst', async () => {
  const server = await Server.start(CALM);
  const tab = await flying(server);
  try {
    await tab.hide();
    const hidden = await figures(tab);
    await tab.until((age) => (downbeat.client?.session?.mirror.age ?? 0) >= age, hidden.age + 90);
    const later = await figures(tab);
    assert.ok(later.pictures - hidden.pictures <= 2, 'nothing is drawn');
    assert.equal(later.inputs, hidden.inputs, 'nobody is at the controls');
    assert.equal(later.controls, 0, 'and what was held is let go of');
    assert.ok(later.snapshots - hidden.snapshots >= 80, 'but all is seen as it comes');

    await tab.show();
    const shown = await figures(tab);
    assert.deepEqual(shown.ends, [], 'the connection is the same');
    assert.equal(shown.ship, hidden.ship);
    await steady(tab, later);
    tab.fine();
  } finally {
    await tab.close();
    await server.stop();
  }
});

test('a page that was frozen comes back as the same player', async () => {
  const server = await Server.start(CALM);
  const tab = await flying(server);
  const browser = await launch();
  try {
    const witness = await Player.open(browser, server, { path: '/watch' });
    await witness.until(() => (downbeat.client?.session?.mirror.size ?? 0) === 1);
    await tab.hide();
    const before = await figures(tab);
    await tab.setLife('frozen');
    const age = await witness.page.evaluate(() => downbeat.client?.session?.mirror.age ?? 0);
    await witness.until((age) => (downbeat.client?.session?.mirror.age ?? 0) >= age, age + 120);
    await tab.setLife('active');
    await tab.show();
    await tab.until(() => downbeat.client?.state === 'playing' && downbeat.own.flies);
    const after = await figures(tab);
    assert.deepEqual([after.player, after.ship], [before.player, before.ship]);
    await steady(tab, after);
    tab.fine(AWAY);
    await witness.fine();
  } finally {
    await tab.close();
    await browser.close();
    await server.stop();
  }
});

test('another network: words while away, then the same player in the same ship', async () => {
  const server = await Server.start(CALM);
  const cable = await new Cable(server).open();
  const browser = await launch();
  try {
    const ada = await (await Player.open(browser, cable)).join('Ada');
    const context = ada.page.context();
    const before = { player: await ada.id(), ship: (await ada.ship()).id };
    cable.change();
    await context.setOffline(true);
    await ada.page.locator('#banner', { hasText: 'You are offline' }).waitFor();
    await context.setOffline(false);
    await ada.until(() => /** @type {any} */ (globalThis).ends.length > 0);
    await ada.until(() => downbeat.client?.state === 'playing' && downbeat.own.flies);
    await ada.page.locator('#banner').waitFor({ state: 'hidden' });
    const after = { player: await ada.id(), ship: (await ada.ship()).id };
    assert.deepEqual(after, before, 'the same player in the same ship');
    for (const { label, wasClean, willReconnect } of await ada.ends()) {
      assert.deepEqual({ label, wasClean, willReconnect }, { label: 'link_lost', wasClean: false, willReconnect: true });
    }
    await ada.fine(AWAY);
  } finally {
    await browser.close();
    cable.close();
    await server.stop();
  }
});
