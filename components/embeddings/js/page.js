/* The elements of the map, and its state. */

/** The element of the map with this name. */
export const find = name => element.querySelector('.em-' + name);
export const root = element.querySelector('.em');
export const stage = find('stage');
export const base = find('base');
export const over = find('over');
export const tip = find('tip');
export const now = find('now');
export const live = find('live');
export const legend = find('legend');
export const lassoButton = find('lasso');
export const clearButton = find('clear');
export const search = find('search');
export const count = find('count');
export const nearButton = find('near');
export const viewList = find('views');
export const sheet = new OffscreenCanvas(1, 1);

export const state = {
  map: null, // what Python sent, with its arrays decoded
  x: new Float32Array(0),
  y: new Float32Array(0),
  depth: new Uint8Array(0), // where the points are on the screen
  chosen: null,
  stretches: [],
  choosing: null, // rows chosen (1 each), what of the sound that is, and what is being chosen
  zoom: 1,
  left: 0,
  top: 0,
  yaw: 0.6,
  pitch: 0.35,
  time: 0,
  playing: false,
  row: 0,
  hover: -1,
  picked: -1, // the row that was chosen last
  around: -1, // the row whose neighbours are shown alone, and for each row whether it is one of them
  isolated: null,
  lasso: null,
  moving: false,
  width: 1,
  height: 1,
  dots: 1, // CSS pixels, and device pixels per CSS pixel
  theme: null,
  dirty: '', // what the next frame draws: '', 'over' or 'base'
};
