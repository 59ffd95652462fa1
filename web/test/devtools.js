/**
 * A tab of a browser that nobody but DevTools' own protocol talks to.
 *
 * Playwright keeps every page visible and focused, so a page of its is never hidden. Here a
 * tab is hidden as in real life, by another tab in front of it, and frozen as browsers
 * freeze tabs to save power.
 */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { CHROMIUM, eventually } from './harness.js';

/** A tab, in a browser of its own. */
export class Tab {
  /** @type {string[]} */
  problems = [];
  #browser;
  #folder;
  #socket;
  /** @type {Map<number, { resolve: (result: any) => void, reject: (error: Error) => void }>} */
  #asked = new Map();
  #id = 0;
  #target = '';
  #session = /** @type {string | undefined} */ (undefined);

  /** @param {import('node:child_process').ChildProcess} browser @param {string} folder @param {WebSocket} socket */
  constructor(browser, folder, socket) {
    this.#browser = browser;
    this.#folder = folder;
    this.#socket = socket;
    socket.onmessage = ({ data }) => this.#heard(JSON.parse(data));
  }

  /**
   * @param {{ address: string }} server
   * @param {() => void} first Runs on the page before its own scripts.
   */
  static async open({ address }, first) {
    const folder = await mkdtemp(join(tmpdir(), 'downbeat-tab-'));
    const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--mute-audio'];
    const quiet = ['--disable-background-networking', '--disable-component-update', '--disable-sync'];
    const own = ['--remote-debugging-port=0', `--user-data-dir=${folder}`];
    const browser = spawn(CHROMIUM, [...flags, ...quiet, ...own, 'about:blank'], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    /** @type {Promise<string>} */
    const url = new Promise((resolve, reject) => {
      browser.on('error', reject);
      browser.on('exit', (code) => reject(new Error(`the browser ended with ${code}`)));
      createInterface({ input: /** @type {any} */ (browser.stderr) }).on('line', (line) => {
        const found = /DevTools listening on (ws:\S+)/.exec(line);
        if (found) resolve(String(found[1]));
      });
    });
    const socket = new WebSocket(await url);
    await new Promise((resolve) => (socket.onopen = resolve));
    const tab = new Tab(browser, folder, socket);
    tab.#target = await tab.#newTab();
    const { sessionId } = await tab.#ask('Target.attachToTarget', { targetId: tab.#target, flatten: true });
    tab.#session = sessionId;
    for (const domain of ['Page', 'Runtime', 'Log']) await tab.#ask(`${domain}.enable`);
    await tab.#ask('Page.addScriptToEvaluateOnNewDocument', { source: `(${first})()` });
    await tab.#ask('Page.navigate', { url: `http://${address}/` });
    await tab.until(() => 'downbeat' in globalThis);
    return tab;
  }

  /**
   * What a function gives on the page.
   * @template A, T
   * @param {(argument: A) => T} run
   * @param {A} [argument]
   * @returns {Promise<T>}
   */
  async evaluate(run, argument) {
    const expression = `(${run})(${JSON.stringify(argument)})`;
    const { result, exceptionDetails } = await this.#ask('Runtime.evaluate', { expression, returnByValue: true });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  }

  /**
   * Waits until something holds on the page.
   * @template A
   * @param {(argument: A) => unknown} condition
   * @param {A} [argument]
   */
  async until(condition, argument) {
    await eventually(String(condition), async () => Boolean(await this.evaluate(condition, argument)));
  }

  /** Presses a key, and holds it. @param {string} key @param {string} code @param {number} virtual */
  async hold(key, code, virtual) {
    await this.#ask('Input.dispatchKeyEvent', { type: 'keyDown', key, code, windowsVirtualKeyCode: virtual });
  }

  /** Another tab comes to the front. */
  async hide() {
    await this.#newTab();
    await this.until(() => document.visibilityState === 'hidden');
  }

  /** It is in front again. */
  async show() {
    await this.#ask('Target.activateTarget', { targetId: this.#target }, undefined);
    await this.until(() => document.visibilityState === 'visible');
  }

  /** Nothing runs on the page any more, or again. @param {'frozen' | 'active'} state */
  async setLife(state) {
    await this.#ask('Page.setWebLifecycleState', { state });
  }

  async close() {
    this.#socket.close();
    const gone = once(this.#browser, 'exit');
    this.#browser.kill();
    await gone;
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }

  /** Nothing may have gone wrong. @param {RegExp} [allowed] But for this. */
  fine(allowed) {
    assert.deepEqual(this.problems.filter((problem) => !allowed?.test(problem)), []);
  }

  async #newTab() {
    const { targetId } = await this.#ask('Target.createTarget', { url: 'about:blank' }, undefined);
    return targetId;
  }

  /** @param {string} method @param {object} [params] @param {string} [sessionId] @returns {Promise<any>} */
  #ask(method, params = {}, sessionId = this.#session) {
    const id = ++this.#id;
    const session = /^(Target|Browser)\./.test(method) ? {} : { sessionId };
    return new Promise((resolve, reject) => {
      this.#asked.set(id, { resolve, reject });
      this.#socket.send(JSON.stringify({ id, method, params, ...session }));
    });
  }

  /** @param {any} message */
  #heard({ id, result, error, method, params }) {
    const asked = this.#asked.get(id);
    this.#asked.delete(id);
    if (error) asked?.reject(new Error(error.message));
    else asked?.resolve(result);
    if (method === 'Runtime.exceptionThrown') this.problems.push(params.exceptionDetails.text);
    if (method === 'Log.entryAdded' && params.entry.level === 'error') this.problems.push(params.entry.text);
  }
}
