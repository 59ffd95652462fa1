/**
 * The colours of what is drawn; style.css has the same ones for the rest of the page.
 *
 * One warm colour, and it is always the player: whoever cannot tell the hues apart has
 * the shapes and the brightness.
 */

export const SPACE = '#070a12';
export const OUTSIDE = 'rgba(3, 4, 8, 0.72)';
export const HATCH = 'rgba(160, 190, 240, 0.07)';
export const GRID = 'rgba(126, 156, 214, 0.075)';
export const MARK = 'rgba(126, 156, 214, 0.22)';
export const BORDER = 'rgba(160, 190, 240, 0.75)';
export const INK = '#eaf0fb';
export const MUTED = '#93a1ba';

/** The player himself. */
export const OWN = '#ffb547';
/** Other players. */
export const FOE = '#8ccbff';
/** Drones. */
export const DRONE = '#9a8fc4';
/** Pickups. */
export const REPAIR = '#b8f5d2';
export const RAPID = '#fff0a8';
export const SHIELD = '#a6e3ff';
/** Sparks. */
export const HOT = '#fff6e0';
