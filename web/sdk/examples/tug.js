/**
 * Tug of war in a terminal: what a client of a game of your own is, in all.
 *
 * The game is the server's example (`cargo run --release --example tug`); run this twice
 * with `node examples/tug.js`, and press Enter to pull. Node before 22 wants
 * `--experimental-websocket`.
 */

import { pathToFileURL } from 'node:url';
import { connect } from '@downbeat/client';

const SIDES = /** @type {const} */ (['left', 'right']);

/** @typedef {typeof SIDES[number]} Side */

/** @param {import('@downbeat/client').Reader} reader */
const readSide = (reader) => /** @type {Side} */ (SIDES[reader.variant(SIDES.length)]);

/**
 * The types of examples/tug.rs, field by field in their order there: an input is `Pull`,
 * an entity `Rope(i8)`, the player's own part `Option<Side>`, an event `News`.
 * @type {import('@downbeat/client').Game<'pull', { steps: number }, { side: Side | null }, { won: Side }, null>}
 */
export const tug = {
  schema: 'tug/1',
  // `Pull` has no fields, so it has no bytes.
  writeInput: () => {},
  readEntity: (reader) => ({ steps: reader.i8() }),
  writeEntity: (writer, { steps }) => writer.i8(steps),
  readOwn: (reader) => ({ side: reader.option(readSide) }),
  readEvent(reader) {
    // An enum is the number of its variant, then the variant's fields.
    reader.variant(1);
    return { won: readSide(reader) };
  },
  // Nothing moves by itself: there are no rules to know.
  readRules: () => null,
};

/** Plays in the terminal. @param {string} url */
function play(url) {
  const client = connect(url, { game: tug });
  client.onmessage = ({ data }) => {
    if (data.type === 'event') console.log(`the ${data.event.won} side has won`);
    if (data.type !== 'snapshot') return;
    const rope = client.view()?.things[0]?.entity.steps ?? 0;
    const mine = client.session?.own?.side ?? 'no';
    const line = '-'.repeat(10 + rope) + 'o' + '-'.repeat(10 - rope);
    process.stdout.write(`\r${line}  you are on the ${mine} side `);
  };
  client.onclose = ({ reason, willReconnect }) => {
    console.log(`\n${reason}`);
    if (!willReconnect) process.exit();
  };
  process.stdin.on('data', () => client.send('pull'));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  play(process.argv[2] ?? 'ws://127.0.0.1:4000/ws');
}
