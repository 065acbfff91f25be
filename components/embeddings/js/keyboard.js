/* Keys of the map. */

import {keyName} from '../../page/gestures.js';
import {clamp} from '../../page/numbers.js';
import {choose, dispatch, play} from './point_selection.js';
import {live, state} from './page.js';
import {showTip} from './pointers.js';
import {describe, rowAt} from './rows.js';
import {drag, zoomAt} from './view.js';

const KEY_PIXELS = 24; // of an arrow key
export const KEY_ZOOM = 1.5;
const PAGE_STEPS = 10;

/** Go to the frame `count` further on; the screen reader says what it is. */
function step(count) {
  const row = clamp(rowAt(state.time) + count, 0, state.map.own - 1);
  dispatch('seek', {time: state.map.times[row]});
  showTip(row);
  live.textContent = describe(row);
}

const KEYS = {
  ArrowRight: event => (event.shiftKey ? step(1) : drag(-KEY_PIXELS, 0)),
  ArrowLeft: event => (event.shiftKey ? step(-1) : drag(KEY_PIXELS, 0)),
  ArrowUp: () => drag(0, KEY_PIXELS),
  ArrowDown: () => drag(0, -KEY_PIXELS),
  PageDown: () => step(PAGE_STEPS),
  PageUp: () => step(-PAGE_STEPS),
  Home: () => step(-Infinity),
  End: () => step(Infinity),
  Enter: () => play(rowAt(state.time)),
  '+': () => zoomAt(KEY_ZOOM),
  '-': () => zoomAt(1 / KEY_ZOOM),
  Escape: () => choose(null),
};

export function onKey(event) {
  const action = KEYS[keyName(event)];
  if (!action || !state.map) return;
  event.preventDefault();
  event.stopPropagation();
  action(event);
}
