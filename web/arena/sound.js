/**
 * A few small sounds, made on the spot.
 *
 * Begins silent, because a page may not sound before somebody has touched it.
 */

import { remembered } from './dom.js';

/** The same sound again within so many seconds is left out: crowds would only hiss. */
const APART_S = 0.045;

/** What is heard. */
export class Sound {
  /** @type {AudioContext | null} */
  #audio = null;
  /** @type {GainNode | null} */
  #master = null;
  /** @type {AudioBuffer | null} */
  #noise = null;
  #isOn = remembered.get('sound') !== 'off';
  /** When each sound was last made. @type {Record<string, number>} */
  #last = {};

  /** Whether there is to be sound. */
  get isOn() {
    return this.#isOn;
  }

  set isOn(isOn) {
    this.#isOn = isOn;
    remembered.set('sound', isOn ? null : 'off');
    if (isOn) this.wake();
  }

  /** Somebody touched the page: from here on there may be sound. */
  wake() {
    if (!this.#isOn || typeof AudioContext === 'undefined') return;
    if (!this.#audio) {
      const audio = (this.#audio = new AudioContext());
      this.#master = audio.createGain();
      this.#master.gain.value = 0.22;
      this.#master.connect(audio.destination);
      this.#noise = audio.createBuffer(1, audio.sampleRate / 2, audio.sampleRate);
      const samples = this.#noise.getChannelData(0);
      for (let i = 0; i < samples.length; i++) samples[i] = Math.random() * 2 - 1;
    }
    // It may be refused; then it stays silent.
    this.#audio.resume().catch(() => {});
  }

  /** @param {boolean} isMine */
  shot(isMine) {
    this.#tone(isMine ? 'shot' : 'their shot', 'square', isMine ? 620 : 420, 160, 0.09, isMine ? 0.22 : 0.05);
  }

  /** @param {boolean} isMine */
  hit(isMine) {
    if (isMine) this.#burst('hurt', 900, 0.18, 0.7);
    else this.#tone('hit', 'triangle', 1300, 900, 0.05, 0.2);
  }

  /** @param {boolean} isMine */
  explosion(isMine) {
    this.#burst('explosion', isMine ? 320 : 520, isMine ? 0.5 : 0.35, isMine ? 1 : 0.35);
  }

  /** @param {boolean} isNear */
  pickup(isNear) {
    if (!isNear) return;
    this.#tone('pickup', 'sine', 660, 660, 0.09, 0.4);
    this.#tone('pickup, second', 'sine', 990, 990, 0.14, 0.4, 0.08);
  }

  kill() {
    this.#tone('kill', 'triangle', 520, 520, 0.1, 0.5);
    this.#tone('kill, second', 'triangle', 780, 780, 0.2, 0.5, 0.1);
  }

  /** @param {string} name @param {number} time @returns {[AudioContext, GainNode] | null} */
  #ready(name, time) {
    const audio = this.#audio;
    if (!this.#isOn || !audio || !this.#master || audio.state !== 'running') return null;
    if (time - (this.#last[name] ?? -1) < APART_S) return null;
    this.#last[name] = time;
    return [audio, this.#master];
  }

  /**
   * @param {string} name
   * @param {OscillatorType} type
   * @param {number} from Hz
   * @param {number} to Hz
   * @param {number} length Seconds.
   * @param {number} volume
   * @param {number} [later] Seconds.
   */
  #tone(name, type, from, to, length, volume, later = 0) {
    const begin = (this.#audio?.currentTime ?? 0) + later;
    const ready = this.#ready(name, begin);
    if (!ready) return;
    const [audio, master] = ready;
    const oscillator = audio.createOscillator();
    oscillator.type = type;
    oscillator.frequency.setValueAtTime(from, begin);
    oscillator.frequency.exponentialRampToValueAtTime(to, begin + length);
    oscillator.connect(faded(audio, begin, length, volume)).connect(master);
    oscillator.start(begin);
    oscillator.stop(begin + length);
  }

  /** @param {string} name @param {number} pitch Hz @param {number} length Seconds. @param {number} volume */
  #burst(name, pitch, length, volume) {
    const begin = this.#audio?.currentTime ?? 0;
    const ready = this.#ready(name, begin);
    if (!ready) return;
    const [audio, master] = ready;
    const source = audio.createBufferSource();
    source.buffer = this.#noise;
    const filter = audio.createBiquadFilter();
    filter.type = 'lowpass';
    filter.frequency.setValueAtTime(pitch * 4, begin);
    filter.frequency.exponentialRampToValueAtTime(pitch / 4, begin + length);
    source.connect(filter).connect(faded(audio, begin, length, volume)).connect(master);
    source.start(begin);
    source.stop(begin + length);
  }
}

/** @param {AudioContext} audio @param {number} begin @param {number} length @param {number} volume */
function faded(audio, begin, length, volume) {
  const gain = audio.createGain();
  gain.gain.setValueAtTime(volume, begin);
  gain.gain.exponentialRampToValueAtTime(0.001, begin + length);
  return gain;
}
