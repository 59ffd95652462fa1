/**
 * The panel: how the link and the prediction do, and a slider that makes the link worse.
 */

import { POSITION_ONE } from '../sdk/arena.js';
import { byId, context, make, remembered, setText } from './dom.js';
import * as palette from './palette.js';

/** @import { ArenaClient } from '../sdk/arena.js' */

/** Figures change so often that they can be read, in milliseconds. */
const EVERY_MS = 250;
/** What the trace shows: so many snapshots. */
const TRACE = 116;

/** The added latency, in milliseconds of round trip. */
export const lag = { ms: 0 };

const FIGURES = /** @type {const} */ ([
  ['tick', 'Tick rate'],
  ['rtt', 'Round trip'],
  ['gap', 'Snapshot gap'],
  ['in', 'Received'],
  ['out', 'Sent'],
  ['error', 'Prediction error'],
  ['corrections', 'Corrected'],
  ['entities', 'Entities'],
  ['waiting', 'Waiting inputs'],
  ['pending', 'Unanswered'],
  ['delay', 'Others behind'],
  ['fps', 'Pictures'],
]);

/** The panel. */
export class Panel {
  #panel = byId('panel', HTMLElement);
  #button = byId('tool-panel', HTMLButtonElement);
  #slider = byId('lag', HTMLInputElement);
  #output = byId('lag-value', HTMLOutputElement);
  #trace = context(byId('trace', HTMLCanvasElement));
  /** @type {Record<string, HTMLElement>} */
  #figures = {};
  #gaps = new Float32Array(TRACE);
  #nextGap = 0;
  #pictures = 0;
  #since = 0;

  constructor() {
    const list = byId('figures', HTMLElement);
    for (const [key, name] of FIGURES) {
      const value = make('dd', '', '–');
      this.#figures[key] = value;
      list.append(make('dt', '', name), value);
    }
    this.#slider.addEventListener('input', () => this.#setLag());
    this.#setLag();
    this.open = remembered.get('panel') === 'open';
    const { canvas } = this.#trace;
    const pixels = Math.min(devicePixelRatio || 1, 2);
    canvas.width *= pixels;
    canvas.height *= pixels;
  }

  /** Whether it is to be seen. */
  get open() {
    return !this.#panel.hidden;
  }

  set open(open) {
    this.#panel.hidden = !open;
    this.#button.setAttribute('aria-pressed', String(open));
    remembered.set('panel', open ? 'open' : null);
  }

  /** A snapshot came, so many milliseconds after the one before. @param {number} gap */
  snapshot(gap) {
    this.#gaps[this.#nextGap] = gap;
    this.#nextGap = (this.#nextGap + 1) % TRACE;
  }

  /** A picture was drawn. @param {ArenaClient} client @param {number} now */
  update(client, now) {
    this.#pictures += 1;
    const passed = now - this.#since;
    if (passed < EVERY_MS) return;
    const fps = (this.#pictures * 1000) / passed;
    this.#pictures = 0;
    this.#since = now;
    if (!this.open) return;

    const { stats, session } = client;
    const error = stats.predictionError / POSITION_ONE;
    const worst = stats.worstPredictionError / POSITION_ONE;
    this.#show('tick', session ? `${session.welcome.tickRate} Hz` : '–');
    this.#show('rtt', stats.rtt === null ? '–' : `${stats.rtt.toFixed(0)} ms`);
    this.#show('gap', `${stats.snapshotGap.toFixed(0)} ms`);
    this.#show('in', bytes(stats.bytesInPerS));
    this.#show('out', bytes(stats.bytesOutPerS));
    this.#show('error', error === 0 ? '0, exact' : error.toFixed(1));
    this.#show('corrections', worst === 0 ? 'never' : `${stats.corrections} ×, up to ${worst.toFixed(1)}`);
    this.#show('entities', String(stats.entities));
    this.#show('waiting', String(stats.waiting));
    this.#show('pending', String(stats.pending));
    this.#show('delay', `${stats.delay.toFixed(0)} ms`);
    this.#show('fps', `${Math.min(fps, 999).toFixed(0)}/s`);
    this.#drawTrace(session ? 1000 / session.welcome.snapshotRate : 33);
  }

  /** @param {string} key @param {string} text */
  #show(key, text) {
    const element = this.#figures[key];
    if (element) setText(element, text);
  }

  /** Gaps as bars; a line where they ought to be. @param {number} due */
  #drawTrace(due) {
    const ctx = this.#trace;
    const { width, height } = ctx.canvas;
    const scale = height / (due * 3);
    const step = width / TRACE;
    ctx.clearRect(0, 0, width, height);
    for (let i = 0; i < TRACE; i++) {
      const gap = /** @type {number} */ (this.#gaps[(this.#nextGap + i) % TRACE]);
      const tall = Math.min(height, gap * scale);
      ctx.fillStyle = gap > due * 2 ? palette.OWN : palette.FOE;
      ctx.fillRect(i * step, height - tall, Math.max(1, step - 1), tall);
    }
    ctx.fillStyle = 'rgba(234, 240, 251, 0.35)';
    ctx.fillRect(0, Math.round(height - due * scale), width, 1);
  }

  #setLag() {
    lag.ms = Number(this.#slider.value);
    setText(this.#output, `${lag.ms} ms`);
  }
}

/** @param {number} perSecond */
function bytes(perSecond) {
  return perSecond < 10_000 ? `${perSecond} B/s` : `${(perSecond / 1000).toFixed(1)} kB/s`;
}
