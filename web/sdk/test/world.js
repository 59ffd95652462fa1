/** Virtual time, and sockets whose other end is in the test. */

/** Time that only the test moves. */
export class World {
  time = 1000;
  #timers = [];

  environment(random = () => 0.5) {
    return {
      now: () => this.time,
      random,
      setTimeout: (run, ms) => {
        const timer = { at: this.time + ms, run };
        this.#timers.push(timer);
        return timer;
      },
      clearTimeout: (timer) => {
        this.#timers = this.#timers.filter((other) => other !== timer);
      },
    };
  }

  /** Moves on, and runs what is due on the way. */
  pass(ms) {
    const end = this.time + ms;
    for (;;) {
      const due = this.#timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (!due) break;
      this.#timers.splice(this.#timers.indexOf(due), 1);
      this.time = Math.max(this.time, due.at);
      due.run();
    }
    this.time = end;
  }

  /** Moves on as a machine that sleeps: timers run late. */
  sleep(ms) {
    this.time += ms;
    this.pass(0);
  }

  get timers() {
    return this.#timers.length;
  }
}

/** A class of sockets; the ones that were opened are its `all`. */
export function sockets() {
  return class FakeSocket {
    static all = [];
    static get last() {
      return this.all.at(-1);
    }
    readyState = 0;
    bufferedAmount = 0;
    sent = [];
    closedWith = undefined;

    constructor(url, protocol) {
      Object.assign(this, { url, protocol });
      FakeSocket.all.push(this);
    }

    // What the client does.
    send(bytes) {
      if (this.readyState !== 1) throw new Error('the socket is not open');
      this.sent.push(bytes);
    }
    close(code) {
      this.closedWith = code ?? null;
      this.readyState = 2;
    }

    // What happens to it.
    open() {
      this.readyState = 1;
      this.onopen();
    }
    receive(bytes) {
      this.onmessage({ data: typeof bytes === 'string' ? bytes : Uint8Array.from(bytes).buffer });
    }
    end(code = 1006, reason = '', wasClean = code !== 1006) {
      this.readyState = 3;
      this.onclose({ code, reason, wasClean });
    }
  };
}
