/* Mouse, pen and fingers on the map. */

import {followPointers, wheelMotion} from '../../page/gestures.js';
import {clamp} from '../../page/numbers.js';
import {choose, play} from './point_selection.js';
import {draw} from './drawing.js';
import {lassoButton, stage, state, tip} from './page.js';
import {nearestRow, rowsInside} from './projection.js';
import {describe} from './rows.js';
import {drag, zoomAt} from './view.js';

const MOUSE_REACH = 14; // CSS pixels
const FINGER_REACH = 24;
const TIP_RIGHT = 12; // CSS pixels from a point to its tip
const TIP_UP = 30;
const TIP_HEIGHT = 24;

/** Show the tip of a row; -1 hides it. */
export function showTip(row) {
  state.hover = row;
  tip.hidden = row < 0;
  if (row >= 0) {
    tip.textContent = describe(row);
    const x = clamp(state.x[row] + TIP_RIGHT, 0, Math.max(state.width - tip.offsetWidth, 0));
    const y = clamp(state.y[row] - TIP_UP, 0, state.height - TIP_HEIGHT);
    tip.style.transform = `translate(${x}px,${y}px)`;
  }
  draw('over');
}

export const lassoOn = () => lassoButton.getAttribute('aria-pressed') === 'true';

const handlers = {
  begin(event) {
    if (!state.map) return null;
    showTip(-1);
    state.lasso = null;
    return {
      kind: event.shiftKey || lassoOn() ? 'lasso' : 'drag',
      reach: event.pointerType === 'mouse' ? MOUSE_REACH : FINGER_REACH,
    };
  },
  move({kind, from, at}, place) {
    if (kind === 'drag') return drag(place[0] - at[0], place[1] - at[1]);
    (state.lasso ??= [from]).push(place);
    draw('over');
  },
  end({kind}) {
    if (kind === 'drag') return;
    const {lasso} = state;
    state.lasso = null;
    lassoButton.setAttribute('aria-pressed', 'false');
    choose(rowsInside(state, lasso));
  },
  click({at, reach}) {
    const row = nearestRow(state, at, reach);
    if (row >= 0) play(row);
    else choose(null);
  },
  cancel() {
    state.lasso = null;
    draw('over');
  },
  beginPinch: fingers => ({...fingers}),
  /** The distance to the event before counts: the fingers may turn about another place. */
  pinch({x, y, apart}, before) {
    zoomAt(apart / before.apart, x, y);
    before.apart = apart;
  },
  hover(event, place) {
    if (state.map) showTip(nearestRow(state, place, MOUSE_REACH));
  },
};

/** The wheel zooms about the pointer; at the ends the page scrolls. */
function onWheel(event) {
  if (!state.map) return;
  const before = state.zoom;
  const {left, top} = stage.getBoundingClientRect();
  zoomAt(wheelMotion(event).zoom, event.clientX - left, event.clientY - top);
  if (before !== state.zoom || event.ctrlKey) event.preventDefault();
}

export function listenToPointers() {
  followPointers(stage, stage, () => stage, handlers);
  stage.addEventListener('pointerleave', () => showTip(-1));
  stage.addEventListener('wheel', onWheel, {passive: false});
}
