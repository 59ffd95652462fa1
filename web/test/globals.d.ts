/** What the page shows to whoever looks on: see the end of arena/main.js. */

import type { ArenaClient, Ship } from '../sdk/arena.js';
import type { Controls } from '../arena/input.js';
import type { View } from '../arena/view.js';

declare global {
  var downbeat: {
    readonly client: ArenaClient | null;
    readonly pictures: number;
    readonly own: { readonly flies: boolean; readonly drawn: Ship | null; readonly heading: number };
    readonly view: View;
    readonly controls: Controls;
  };
}
