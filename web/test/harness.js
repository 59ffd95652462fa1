/**
 * What every test in a real browser needs: a server, a browser, a cable between them
 * that can be cut, and pages that remember what went wrong on them.
 *
 * Nothing here sleeps to wait for something: what is waited for is a condition.
 */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import { fileURLToPath } from 'node:url';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';

/** @import { ChildProcess } from 'node:child_process' */
/** @import { Browser, BrowserContextOptions, Page } from 'playwright-core' */

/** How long anything may take before a test gives up on it. */
export const PATIENCE_MS = 30_000;

const BINARY =
  process.env['SERVER_BINARY'] ??
  fileURLToPath(new URL('../../target/release/downbeat', import.meta.url));
/** The browser. */
export const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';

/** Small, so that everybody sees everybody. */
export const SMALL = ['--game', 'size=1024', '--game', 'pickups=0'];

/** What operators of the tests' servers carry. */
const ADMIN_TOKEN = 'only-for-these-tests-0123456789';

/** A server of the arena, as a process. */
export class Server {
  /** Where the operators' routes are. */
  admin = '';
  #child;
  /** @type {string} */
  address;

  /** @param {ChildProcess} child @param {string} address */
  constructor(child, address) {
    this.#child = child;
    this.address = address;
  }

  /** @param {string[]} [flags] @param {string} [bind] */
  static async start(flags = [], bind = '127.0.0.1:0') {
    const child = spawn(BINARY, ['--bind', bind, '--admin-bind', '127.0.0.1:0', ...flags], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { DOWNBEAT_ADMIN_TOKEN: ADMIN_TOKEN },
    });
    let log = '';
    let admin = '';
    const lines = createInterface({ input: /** @type {any} */ (child.stderr) });
    /** @type {Promise<string>} */
    const address = new Promise((resolve, reject) => {
      lines.on('line', (line) => {
        log += `${line}\n`;
        admin = /operators at (\S+)/.exec(line)?.[1] ?? admin;
        const found = /listening on ws:\/\/(\S+)\/ws/.exec(line);
        if (found) resolve(/** @type {string} */ (found[1]));
      });
      child.on('error', reject);
      child.on('exit', (code) => reject(new Error(`the server ended with ${code}:\n${log}`)));
    });
    const server = new Server(child, await address);
    // Its line comes before the one with the address.
    server.admin = admin;
    return server;
  }

  get port() {
    return Number(this.address.split(':').at(-1));
  }

  /**
   * Does what an operator does.
   * @param {string} path Below `/admin/`.
   * @param {unknown} body
   */
  async operate(path, body) {
    const response = await fetch(new URL(path, this.admin), {
      method: 'POST',
      headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    assert.ok(response.ok, `${path}: ${response.status}`);
  }

  /** Ends it and waits for that. @param {NodeJS.Signals} [signal] */
  async stop(signal = 'SIGTERM') {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill(signal);
    await gone;
  }
}

/** A way to a server that can be cut: whoever uses it loses his link without a word. */
export class Cable {
  /** @type {Set<net.Socket>} */
  #sockets = new Set();
  /** Those on which nothing goes any more. @type {Set<net.Socket>} */
  #lost = new Set();
  /** Where it seems to come from. */
  #from = '127.0.0.1';
  #server;
  address = '';

  /** @param {Server} server */
  constructor({ port }) {
    this.#server = net.createServer((near) => {
      const far = net.connect({ port, host: '127.0.0.1', localAddress: this.#from });
      for (const [one, other] of /** @type {const} */ ([[near, far], [far, near]])) {
        this.#sockets.add(one);
        one.setNoDelay(true);
        one.pipe(other);
        one.on('error', () => other.destroy());
        one.on('close', () => {
          this.#sockets.delete(one);
          if (!this.#lost.has(one)) other.destroy();
        });
      }
    });
  }

  async open() {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    const { port } = /** @type {net.AddressInfo} */ (this.#server.address());
    this.address = `127.0.0.1:${port}`;
    return this;
  }

  /**
   * Another network: what goes over the links there are is lost from now on and neither end
   * is told. New links are carried, and come from another address.
   */
  change() {
    for (const socket of this.#sockets) {
      this.#lost.add(socket);
      socket.unpipe();
      socket.pause();
    }
    this.#from = '127.0.0.2';
  }

  cut() {
    for (const socket of this.#sockets) socket.destroy();
  }

  close() {
    this.cut();
    this.#server.close();
  }
}

/** Debian's Chromium, without anything that calls home. */
export function launch() {
  return chromium.launch({
    executablePath: CHROMIUM,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/** A page of the arena, and everything that went wrong on it. */
export class Player {
  /** @type {string[]} */
  problems = [];

  /** @param {Page} page */
  constructor(page) {
    this.page = page;
    page.setDefaultTimeout(PATIENCE_MS);
    page.on('pageerror', (error) => this.problems.push(`uncaught: ${error.message}`));
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') {
        this.problems.push(`console: ${message.text()}`);
      }
    });
  }

  /**
   * A new window, with a memory of its own.
   * @param {Browser} browser
   * @param {{ address: string }} server
   * @param {BrowserContextOptions & { path?: string }} [options]
   */
  static async open(browser, { address }, { path = '/', ...options } = {}) {
    const context = await browser.newContext({ viewport: { width: 1000, height: 700 }, ...options });
    const player = new Player(await context.newPage());
    await context.addInitScript(() => {
      document.addEventListener('securitypolicyviolation', (event) => {
        console.error(`policy violated: ${event.violatedDirective} ${event.blockedURI}`);
      });
    });
    await player.page.goto(`http://${address}${path}`);
    return player;
  }

  /** Goes in by the keyboard, and waits for the ship. @param {string} name */
  async join(name) {
    const { page } = this;
    await page.locator('#name').fill(name);
    await page.keyboard.press('Enter');
    await this.until(() => downbeat.own.flies);
    // From here on it writes down how connections end.
    await page.evaluate(() => {
      /** @type {any} */ (globalThis).ends = [];
      downbeat.client?.addEventListener('close', ({ code, label, wasClean, willReconnect }) => {
        /** @type {any} */ (globalThis).ends.push({ code, label, wasClean, willReconnect });
      });
    });
    return this;
  }

  /**
   * Waits until something holds on the page.
   * @template A
   * @param {(argument: A) => unknown} condition Runs on the page.
   * @param {A} [argument]
   */
  async until(condition, argument) {
    await this.page.waitForFunction(/** @type {any} */ (condition), argument);
  }

  /** How connections ended so far. @returns {Promise<End[]>} */
  ends() {
    return this.page.evaluate(() => /** @type {any} */ (globalThis).ends);
  }

  /** The page's own idea of the player's ship. */
  ship() {
    return this.page.evaluate(() => {
      const { client } = downbeat;
      const entity = client?.session?.predictor.entity;
      if (entity?.type !== 'ship') throw new Error('there is no ship');
      return { id: client?.session?.myId ?? 0, ...entity };
    });
  }

  /** The player's id. */
  id() {
    return this.page.evaluate(() => downbeat.client?.session?.welcome.player ?? 0);
  }

  /**
   * Nothing may have gone wrong. @param {RegExp} [allowed] But for this.
   */
  async fine(allowed) {
    const wrong = this.problems.filter((problem) => !allowed?.test(problem));
    await this.page.context().close();
    assert.deepEqual(wrong, []);
  }
}

/** What Chromium says about a server that is away. */
export const AWAY = /WebSocket connection to|ERR_CONNECTION|Failed to load resource/;

/**
 * @typedef {object} End
 * @property {number} code
 * @property {string} label
 * @property {boolean} wasClean
 * @property {boolean} willReconnect
 */

/**
 * Waits until something holds here.
 * @param {string} what
 * @param {() => boolean | Promise<boolean>} condition
 */
export async function eventually(what, condition) {
  const deadline = performance.now() + PATIENCE_MS;
  while (!(await condition())) {
    assert.ok(performance.now() < deadline, `never happened: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
