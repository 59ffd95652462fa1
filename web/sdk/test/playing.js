/** Clients at the other end of a fake socket, in virtual time. */

import { CONTROLS, arena } from '../arena.js';
import { connect } from '../client.js';
import { Room, said, welcome } from './room.js';
import { World, sockets } from './world.js';

export const THRUST = { controls: CONTROLS.THRUST, aim: 0 };

/** A client whose socket is in the test's hand. */
export function start(options = {}, random) {
  const world = new World();
  const Socket = sockets();
  const client = connect('ws://host/ws', {
    game: arena,
    name: 'Ada',
    WebSocket: Socket,
    environment: world.environment(random),
    ...options,
  });
  const events = [];
  for (const type of ['open', 'message', 'close', 'error']) {
    client.addEventListener(type, (event) => events.push(event));
  }
  const of = (type) => events.filter((event) => event.type === type);
  return { world, Socket, client, events, of };
}

/** A client that is welcomed, and flies. */
export function playing(options, random) {
  const test = start(options, random);
  test.Socket.last.open();
  test.Socket.last.receive(welcome());
  test.room = new Room();
  test.Socket.last.receive(test.room.step());
  return test;
}

/** The inputs that were sent. */
export function inputs(socket) {
  return socket.sent.map(said).filter(({ type }) => type === 'input');
}
