/* Mouse, pen and fingers on the timeline. */

import {clock} from '../../page/time_format.js';
import {followPointers, wheelMotion} from '../../page/gestures.js';
import {clamp} from '../../page/numbers.js';
import {draw} from './drawing.js';
import {state, ui, view} from './page.js';
import {seekByUser} from './playback.js';
import {select, sendLoop, setLoop, showRange, viewChanged, zoom} from './selection.js';
import {extentOf, hasFrames, itemAt} from './track.js';

const SHORT_ITEM_SECONDS = 1; // a click on a shorter item plays it from its start
const TIP_OFFSET = 8; // CSS pixels from the pointer to its tip

/** The time, the track and the item at a pointer event; `x` in CSS pixels from the left of the lanes. */
function targetOf(event, x) {
  const row = event.target.closest('.as-row');
  const track = state.tracks.get(row?.dataset.track);
  const y = track ? event.clientY - state.rows.get(track.id).canvas.getBoundingClientRect().top : 0;
  return {x, row, track, time: timeAt(x), index: track && !track.folded ? itemAt(track, view, x, y) : -1};
}

/** The time at pixel `x`, within the clip. */
const timeAt = x => clamp(view.time(x), 0, view.duration);

/** A click seeks: to an item's start when it is short or a moment, else to the place of the click. */
function click({target}) {
  const {track, index} = target;
  let {time} = target;
  state.clicked = target;
  const detail = track ? select(track, index) : select(null);
  if (detail && !hasFrames(track) && detail.end - detail.start < SHORT_ITEM_SECONDS) time = detail.start;
  seekByUser(time);
  if (detail) trigger('select', detail);
}

function showTip(event, [x]) {
  if (!state.clip) return;
  const {track, time, index} = targetOf(event, x);
  ui.hover.hidden = false;
  ui.hover.style.transform = `translateX(${x}px)`;
  const digits = view.span < 1 ? 3 : view.span < 20 ? 2 : 1;
  const text = index >= 0 ? '  ' + track.kind.describe(track, index) : '';
  ui.tip.textContent = clock(time, digits) + text;
  const right = Math.max(view.width - ui.tip.offsetWidth, 0);
  ui.tip.style.transform = `translateX(${clamp(x + TIP_OFFSET, 0, right) - x}px)`;
}

function hideTip() {
  ui.hover.hidden = true;
}

/** Loop between two times in any order. */
function loopBetween(one, other) {
  setLoop(Math.min(one, other), Math.max(one, other));
}

const dragging = {
  pan: ({start, from}, x) => showRange(start - (x - from[0]) * view.secondsPerPixel, view.span),
  mark: ({target}, x) => loopBetween(target.time, timeAt(x)),
  edge: ({handle, before}, x) => loopBetween(handle === 'start' ? before.end : before.start, timeAt(x)),
};

const handlers = {
  begin(event, [x]) {
    if (!state.clip || event.target.closest('button')) return null;
    hideTip();
    const target = targetOf(event, x);
    const handle = event.target.closest('[data-edge]')?.dataset.edge;
    const onSound = target.row?.matches('.as-ruler, .as-wave') ?? false;
    const marks = event.pointerType === 'mouse' && (event.shiftKey || onSound);
    return {kind: handle ? 'edge' : marks ? 'mark' : 'pan', handle, target, start: view.start, before: state.loop};
  },
  move: (gesture, [x]) => dragging[gesture.kind](gesture, x),
  end({kind}) {
    if (kind !== 'pan') sendLoop();
  },
  click(gesture) {
    if (gesture.kind === 'edge') sendLoop();
    else click(gesture);
  },
  /** As if nothing had been touched. */
  cancel({kind, moved, before}) {
    if (moved && kind !== 'pan') state.loop = before;
    draw();
  },
  beginPinch: ({x, across}) => ({time: view.time(x), across, span: view.span}),
  /** The time between the fingers stays between them. */
  pinch({x, across}, begun) {
    view.showAt(begun.time, x, (begun.span * begun.across) / across);
    viewChanged();
  },
  hover: showTip,
};

/** Twice on an item loops it. */
function onDoubleClick() {
  const {track, index} = state.clicked;
  if (!track || index < 0) return;
  const [start, end] = extentOf(track, index);
  setLoop(start, end);
  sendLoop();
}

/**
 * The wheel zooms about the pointer; sideways, or with Shift, it scrolls. At the ends the page scrolls.
 * Over tracks that have more to show it scrolls them.
 */
function onWheel(event) {
  if (!state.clip) return;
  const scrollsTracks = ui.rows.contains(event.target) && ui.rows.scrollHeight > ui.rows.clientHeight;
  if (scrollsTracks && !event.ctrlKey && !event.shiftKey && Math.abs(event.deltaY) >= Math.abs(event.deltaX)) return;
  const {start, span} = view;
  const motion = wheelMotion(event);
  if (motion.zoom === 1) showRange(start + motion.scroll * view.secondsPerPixel, span);
  else zoom(1 / motion.zoom, timeAt(event.clientX - ui.ruler.getBoundingClientRect().left));
  if (start !== view.start || span !== view.span || event.ctrlKey) event.preventDefault();
}

/** The overview below moves the view. */
function onMapPointer(event) {
  if (event.type === 'pointerdown') ui.map.setPointerCapture(event.pointerId);
  else if (!ui.map.hasPointerCapture(event.pointerId)) return;
  const box = ui.map.getBoundingClientRect();
  showRange(((event.clientX - box.left) / box.width) * view.duration - view.span / 2, view.span);
}

export function listenToPointers() {
  const {body} = ui;
  followPointers(body, ui.plane, () => ui.ruler, handlers);
  body.addEventListener('pointerleave', hideTip);
  body.addEventListener('dblclick', onDoubleClick);
  body.addEventListener('wheel', onWheel, {passive: false});
  for (const type of ['pointerdown', 'pointermove']) ui.map.addEventListener(type, onMapPointer);
}
