/** What a TypeScript page sees: this file is only checked, never run. */

import { type Game, arena, connect } from '../index.js';
import type { Entity, Own } from '../arena.js';

const client = connect('ws://host/ws', { game: arena, name: 'Ada' });

client.onmessage = ({ data }) => {
  if (data.type === 'welcome') data.rules.size satisfies number;
  else if (data.type === 'snapshot') data.own satisfies Own | null;
  else if (data.event.type === 'kill') data.event.victim satisfies string;
};
const onClose = ({ code, retryInMs }: { code: number; retryInMs: number | null }) =>
  console.log(code, retryInMs);
client.addEventListener('close', onClose);
client.removeEventListener('close', onClose);

client.update({ controls: 1, aim: 0 });
client.update(() => ({ controls: 1, aim: 0 }));
// @ts-expect-error: an input has an aim
client.update({ controls: 1 });
// @ts-expect-error: there is no such event
client.addEventListener('closed', () => {});

const view = client.view(performance.now(), { controls: 1, aim: 0 });
// @ts-expect-error: what is wanted is an input as well
client.view(0, { controls: 1 });
if (view) {
  view.things.map(({ entity }) => entity) satisfies Entity[];
  view.me?.pose satisfies number[] | undefined;
}

const counter: Game<number, { count: number }, null, never, null> = {
  schema: 'counter/1',
  writeInput: (writer, by) => writer.i32(by),
  readEntity: (reader) => ({ count: reader.u32() }),
  writeEntity: (writer, { count }) => writer.u32(count),
  readOwn: () => null,
  readEvent: () => {
    throw new Error('there are none');
  },
  readRules: () => null,
};
connect('ws://host/ws', { game: counter }).send(-1);
