/* Zoom, pan and rotation. */

import {clamp} from '../../page/numbers.js';
import {draw} from './drawing.js';
import {stage, state} from './page.js';
import {lassoOn} from './pointers.js';

const MAX_ZOOM = 60;
const REST_MS = 150; // without a movement the path comes back

let restTimer = 0;

/** The view moved; the path comes back when it rests. */
export function moved() {
  const {zoom} = state;
  const room = (Math.max(state.width, state.height) / 2) * zoom;
  state.left = clamp(state.left, -room, room);
  state.top = clamp(state.top, -room, room);
  stage.style.touchAction = state.map.dimensions === 2 && zoom === 1 && !lassoOn() ? 'pan-y' : 'none';
  state.moving = true;
  draw('base');
  clearTimeout(restTimer);
  restTimer = setTimeout(() => {
    state.moving = false;
    draw('base');
  }, REST_MS);
}

/** Show the whole map. */
export function fit() {
  Object.assign(state, {zoom: 1, left: 0, top: 0, yaw: 0.6, pitch: 0.35});
  moved();
}

/** Zoom; what is at (x, y) stays there. */
export function zoomAt(factor, x = state.width / 2, y = state.height / 2) {
  const before = state.zoom;
  state.zoom = clamp(before * factor, 1, MAX_ZOOM);
  const grown = state.zoom / before;
  state.left = x - state.width / 2 - (x - state.width / 2 - state.left) * grown;
  state.top = y - state.height / 2 - (y - state.height / 2 - state.top) * grown;
  if (state.zoom === 1) state.left = state.top = 0;
  moved();
}

/** Move a map in the plane, turn one in space. */
export function drag(dx, dy) {
  if (state.map.dimensions === 2) {
    state.left += dx;
    state.top += dy;
  } else {
    state.yaw += dx * 0.008;
    state.pitch = clamp(state.pitch + dy * 0.008, -1.5, 1.5);
  }
  moved();
}
