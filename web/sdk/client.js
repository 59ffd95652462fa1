/**
 * A player's connection: socket, hello, reconnection.
 *
 * Owns the socket and everything that waits: it opens, says hello, hands what comes to
 * a {@link Session}, acknowledges, notices a dead link, and comes back with growing
 * pauses as the same player.
 */

import {
  SUBPROTOCOL,
  decodeServer,
  encodeFollow,
  encodeHello,
  encodeInput,
  encodePing,
} from './protocol.js';
import { Backoff } from './backoff.js';
import { ClientCloseEvent, ClientErrorEvent, ClientMessageEvent, Emitter } from './events.js';
import { fromHex, toHex } from './hex.js';
import { Meter, statsOf } from './meter.js';
import { WORLD } from './options.js';
import { Page } from './page.js';
import { reasonOf } from './reason.js';
import { Session } from './session.js';

/** @import { Bye, GameEvent, Pong, ServerMessage, Snapshot, Welcome } from './protocol.js' */
/** @import { Options } from './options.js' */
/** @import { View } from './session.js' */

/** An acknowledgement is due after so many milliseconds without an input. */
const ACKNOWLEDGE_MS = 200;
/** How often the link is looked after. */
const WATCH_MS = 1000;
/** A link on which nothing comes for so long is dead. */
const SILENCE_MS = 5000;
/** From opening the socket to the welcome at most. */
const WELCOME_MS = 10_000;
/** How long a good-bye may take. */
const CLOSE_MS = 1000;
/** Bytes in the socket's own queue beyond which inputs are dropped. */
const MAX_BUFFERED = 1024;
/** The code of a link that was lost without a close. */
const LINK_LOST = 1006;

/**
 * - `connecting`: the socket opens, or the welcome is awaited;
 * - `playing`: welcomed;
 * - `waiting`: the connection ended, another will be tried;
 * - `closed`: it ended for good.
 * @typedef {'connecting' | 'playing' | 'waiting' | 'closed'} State
 */

/**
 * Connects to a room.
 * @template I, E, O, V, R
 * @param {string | URL} url `ws://host:port/ws` or `…/ws/{room}`.
 * @param {Options<I, E, O, V, R>} options
 * @returns {Client<I, E, O, V, R>}
 */
export function connect(url, options) {
  return new Client(url, options);
}

/**
 * See {@link connect}.
 * @template I, E, O, V, R
 * @extends {Emitter<E, O, V, R>}
 */
export class Client extends Emitter {
  /** @type {State} */
  state = 'connecting';
  /** The last session, also after its end. @type {Session<I, E, O, V, R> | null} */
  session = null;
  #url;
  #options;
  #env;
  #WebSocket;
  /** @type {WebSocket | null} */
  #socket = null;
  /** Dead ones; closed when the new one is welcomed. @type {WebSocket[]} */
  #abandoned = [];
  /** @type {Uint8Array | null} */
  #resume;
  /** @type {Bye | null} */
  #bye = null;
  /** Whom a spectator follows. @type {number | null} */
  #followed = null;
  #backoff = new Backoff();
  #retryTimer = /** @type {any} */ (null);
  #watchTimer = /** @type {any} */ (null);
  #openedAt = 0;
  #heardAt = 0;
  #spokeAt = 0;
  #watchedAt = 0;
  #ping = { nonce: 0, at: 0 };
  #meter = new Meter();
  #page;

  /**
   * @param {string | URL} url
   * @param {Options<I, E, O, V, R>} options
   */
  constructor(url, options) {
    super();
    this.#url = String(url);
    this.#options = options;
    this.#env = { ...WORLD, ...options.environment };
    this.#WebSocket = options.WebSocket ?? globalThis.WebSocket;
    if (!this.#WebSocket) throw new TypeError('there is no WebSocket; pass one as an option');
    this.#resume = options.resume ? fromHex(options.resume) : null;
    this.#open();
    this.#page = new Page({
      hidden: this.#onHidden,
      shown: () => this.#hurry(),
      network: this.#onNetwork,
    });
  }

  /** The right to come back as the same player, to keep over a reload. A secret. */
  get resumeToken() {
    return this.#resume && toHex(this.#resume);
  }

  /**
   * Makes the ticks that are due, with one input each. Call it once per picture.
   * @param {I | (() => I)} input What the player wants, or a function that says it.
   * @param {number} [now]
   * @returns {number} How many inputs were sent.
   */
  update(input, now = this.#env.now()) {
    if (this.state !== 'playing' || !this.session) return 0;
    const due = this.session.clock.advance(now);
    let sent = 0;
    for (let i = 0; i < due; i++) {
      const value = typeof input === 'function' ? /** @type {() => I} */ (input)() : input;
      if (this.send(value)) sent += 1;
    }
    return sent;
  }

  /**
   * Sends one input, for a game that does not need {@link update}'s clock.
   * @param {I} input
   * @returns {boolean} Whether it was sent: not by a spectator, nor while disconnected,
   *   nor while the link is jammed. A dropped input is not predicted either.
   */
  send(input) {
    const { session } = this;
    if (this.state !== 'playing' || !session || this.#options.watch) return false;
    if (session.isFull || this.#isJammed()) {
      this.#meter.shed += 1;
      return false;
    }
    this.#write(encodeInput(this.#options.game, session.tick(input)));
    return true;
  }

  /**
   * A spectator sees what this player sees, or everything. It holds over reconnections.
   * @param {number | null} player
   */
  follow(player) {
    this.#followed = player;
    if (this.state === 'playing') this.#write(encodeFollow(player));
  }

  /**
   * What to draw now; null before the first welcome. After the end of a connection it is the
   * last that was seen. What it gives is used again by the next call: see {@link Session.view}.
   * @param {number} [now]
   * @param {I} [input] What the player wants now: it shows at once, before the tick that
   *   sends it. Left out: as in the last tick.
   * @returns {View<E> | null}
   */
  view(now = this.#env.now(), input) {
    // Nobody steers what no server simulates.
    return this.session?.view(now, this.state === 'playing' ? input : undefined) ?? null;
  }

  /** How the link and the prediction do. */
  get stats() {
    return statsOf(this.#meter, this.session);
  }

  /** For how many milliseconds nothing has come from the server; 0 while there is none. */
  get silence() {
    return this.state === 'playing' ? Math.max(0, this.#env.now() - this.#heardAt) : 0;
  }

  /** Leaves for good. A `close` follows. */
  close() {
    if (this.state === 'closed') return;
    const socket = this.#socket;
    this.#stop();
    if (!socket) {
      this.#end(1000, 'left', true);
      return;
    }
    socket.close(1000);
    this.#retryTimer = this.#env.setTimeout(() => {
      if (socket === this.#socket) this.#end(LINK_LOST, 'the server did not answer', false);
    }, CLOSE_MS);
  }

  #open() {
    const { name = '', room = '', token = null, watch, game } = this.#options;
    const socket = new this.#WebSocket(this.#url, SUBPROTOCOL);
    socket.binaryType = 'arraybuffer';
    this.#socket = socket;
    this.#bye = null;
    this.#openedAt = this.#watchedAt = this.#env.now();
    this.state = 'connecting';
    this.#watch();

    const mine = (/** @type {() => void} */ act) => {
      if (socket === this.#socket) act();
    };
    socket.onopen = () =>
      mine(() => {
        if (this.state === 'closed') return;
        const { schema } = game;
        this.#write(encodeHello({ schema, room, name, token, resume: this.#resume }, watch));
        this.dispatchEvent(new Event('open'));
      });
    socket.onmessage = ({ data }) => mine(() => this.#receive(data));
    socket.onerror = () =>
      mine(() => {
        this.#report(new Error('the connection failed'));
        // A close follows, but not in Node 20, whose socket then stays as it was.
        this.#env.setTimeout(() => {
          const { readyState } = socket;
          if (readyState === 0 || readyState === 3) mine(() => this.#end(LINK_LOST, '', false));
        }, 0);
      });
    socket.onclose = ({ code, reason, wasClean }) =>
      mine(() => this.#end(code, reason, wasClean));
  }

  /** @param {unknown} data */
  #receive(data) {
    // Who has said good-bye listens no more.
    if (this.state === 'closed') return;
    try {
      if (!(data instanceof ArrayBuffer)) throw new TypeError('the server sent text');
      this.#heardAt = this.#env.now();
      this.#meter.bytesIn += data.byteLength;
      this.#handle(decodeServer(this.#options.game, new Uint8Array(data)));
    } catch (error) {
      this.#fail(/** @type {Error} */ (error));
    }
  }

  /** @param {ServerMessage<E, O, V, R>} message */
  #handle(message) {
    switch (message.type) {
      case 'welcome':
        return this.#welcome(message);
      case 'snapshot':
        return this.#snapshot(message);
      case 'event':
        return this.#tell(message);
      case 'pong':
        return this.#pong(message);
      case 'bye':
        this.#bye = message;
    }
  }

  /** @param {Welcome<R>} welcome */
  #welcome(welcome) {
    const now = this.#env.now();
    this.session = new Session(this.#options.game, welcome, now);
    this.state = 'playing';
    this.#openedAt = now;
    if (!this.#options.watch) this.#resume = welcome.resume;
    for (const socket of this.#abandoned.splice(0)) socket.close();
    this.#sendPing(now);
    if (this.#followed !== null) this.follow(this.#followed);
    this.#tell(welcome);
  }

  /** @param {Snapshot<E, O>} snapshot */
  #snapshot(snapshot) {
    const { session } = this;
    if (this.state !== 'playing' || !session) throw new Error('a snapshot before the welcome');
    const now = this.#env.now();
    session.snapshot(snapshot, now);
    this.#meter.snapshot(now);
    // On arrival and not by a timer, because a hidden page's timers hardly run.
    if (now - this.#spokeAt >= ACKNOWLEDGE_MS) this.#sendPing(now);
    this.#tell(snapshot);
  }

  /** @param {Pong} pong */
  #pong({ nonce }) {
    if (nonce === this.#ping.nonce) this.#meter.roundTrip(this.#env.now() - this.#ping.at);
  }

  /** @param {Welcome<R> | Snapshot<E, O> | GameEvent<V>} message */
  #tell(message) {
    this.dispatchEvent(new ClientMessageEvent(message));
  }

  /** @param {Error} error */
  #report(error) {
    if (this.state !== 'closed') this.dispatchEvent(new ClientErrorEvent(error));
  }

  /** What the server says cannot be used, or nothing comes: start again. @param {Error} error */
  #fail(error) {
    this.#report(error);
    const socket = this.#socket;
    if (!socket) return;
    // Closing it would be leaving. The new connection takes the player over from it.
    if (this.state === 'playing') this.#abandoned.push(socket);
    else socket.close();
    this.#end(LINK_LOST, error.message, false);
  }

  /** @param {number} now */
  #sendPing(now) {
    if (!this.session || this.#isJammed()) return;
    const nonce = (this.#ping.nonce + 1) >>> 0;
    this.#ping = { nonce, at: now };
    this.#write(encodePing(nonce, this.session.mirror.tick));
  }

  #isJammed() {
    const buffered = this.#socket?.bufferedAmount ?? 0;
    return buffered > (this.#options.maxBuffered ?? MAX_BUFFERED);
  }

  /** @param {Uint8Array<ArrayBuffer>} bytes */
  #write(bytes) {
    if (this.#socket?.readyState !== 1) return;
    this.#spokeAt = this.#env.now();
    this.#meter.bytesOut += bytes.length;
    this.#socket.send(bytes);
  }

  /** Once a second while there is a socket. */
  #watch() {
    this.#env.clearTimeout(this.#watchTimer);
    this.#watchTimer = this.#env.setTimeout(() => {
      const now = this.#env.now();
      // A page that slept has not listened either: what came meanwhile is still to come.
      if (now - this.#watchedAt > 3 * WATCH_MS) this.#heardAt = now;
      this.#meter.turn(now - this.#watchedAt);
      this.#watchedAt = now;
      if (this.state === 'playing' && now - this.#heardAt > SILENCE_MS) {
        this.#fail(new Error('nothing heard from the server'));
      } else if (this.state === 'connecting' && now - this.#openedAt > WELCOME_MS) {
        this.#fail(new Error('no welcome in time'));
      } else {
        if (this.state === 'playing') this.#sendPing(now);
        this.#watch();
      }
    }, WATCH_MS);
  }

  /** No further attempts. */
  #stop() {
    this.state = 'closed';
    this.#env.clearTimeout(this.#retryTimer);
    this.#env.clearTimeout(this.#watchTimer);
    for (const socket of this.#abandoned.splice(0)) socket.close();
    this.#page.close();
  }

  /**
   * The connection has ended, one way or the other.
   * @param {number} code
   * @param {string} text
   * @param {boolean} wasClean
   */
  #end(code, text, wasClean) {
    const now = this.#env.now();
    this.#socket = null;
    this.#env.clearTimeout(this.#watchTimer);
    this.#env.clearTimeout(this.#retryTimer);
    const bye = this.#bye;
    // A bye says why, even if its close frame was lost.
    const why = bye && !wasClean ? bye.code : code;

    let retryInMs = null;
    if (this.state !== 'closed' && this.#options.reconnect !== false && reasonOf(why).retry) {
      const lasted = this.state === 'playing' ? now - this.#openedAt : 0;
      const atLeast = bye?.retryAfterMs ?? 0;
      const random = this.#env.random();
      retryInMs = this.#backoff.after({ now, lasted, atLeast, random });
      this.state = 'waiting';
      this.#retryTimer = this.#env.setTimeout(() => this.#open(), retryInMs);
    } else {
      this.#stop();
    }
    const reason = text || bye?.text || (why === LINK_LOST ? 'the link was lost' : '');
    this.dispatchEvent(new ClientCloseEvent({ code: why, reason, wasClean, retryInMs }));
  }

  #onHidden = () => {
    const { idle } = this.#options.game;
    // Nobody is at the controls of a page that is not seen.
    if (idle !== undefined) this.send(idle);
  };

  #onNetwork = () => {
    this.#hurry();
    // The old link belongs to the old network: give it little time to answer.
    const silent = SILENCE_MS - 2 * WATCH_MS;
    this.#heardAt = Math.min(this.#heardAt, this.#env.now() - silent);
    if (this.state === 'playing') this.#sendPing(this.#env.now());
  };

  /** Somebody waits for it: the next attempt is made now, if the server allows it. */
  #hurry() {
    if (this.state !== 'waiting' || !this.#backoff.mayHurry(this.#env.now())) return;
    this.#env.clearTimeout(this.#retryTimer);
    this.#open();
  }
}
