/* Gestures that the timeline and the map share: drag, pinch, click, wheel and keys. */

import {clamp} from './numbers.js';

const MIN_DRAG = 4; // CSS pixels that tell a drag from a click
const MIN_APART = 24; // CSS pixels; fingers that are closer do not zoom further
const LINE_PIXELS = 16; // of a wheel that counts lines
const PAGE_PIXELS = 240; // of a wheel that counts pages
const MAX_WHEEL_STEP = 120; // CSS pixels of one event
const WHEEL_ZOOM = 0.0025; // per CSS pixel
const PINCH_ZOOM = 0.01; // per CSS pixel of a touchpad's pinch, which arrives as a wheel with Ctrl
const SAME_KEY = {'=': '+', '−': '-', L: 'l'};

/**
 * Turn the pointers on `target` into gestures. `origin()` is the element that places are measured from, `capture`
 * the one that keeps a pointer that leaves it. What `handlers` may do:
 *
 *   begin(event, place)      the first pointer is down: the gesture as an object, or null to ignore it
 *   move(gesture, place, event)  it was dragged; gesture.from is where it began, gesture.at where it was before
 *   end(gesture)             it was dropped after a drag
 *   click(gesture)           it was lifted where it began
 *   cancel(gesture)          the browser took the pointer, to scroll the page
 *   beginPinch(fingers)      a second finger is down: a memo for the pinch
 *   pinch(fingers, memo)     the fingers moved
 *   hover(event, place)      a mouse without a button moved
 *
 * A place is [x, y], fingers are {x, y, apart, across}: their middle, their distance, and its horizontal part.
 */
export function followPointers(target, capture, origin, handlers) {
  const pointers = new Map(); // those that are down: id -> place
  let gesture = null;
  let pinching = null;

  const placeOf = event => {
    const {left, top} = origin().getBoundingClientRect();
    return [event.clientX - left, event.clientY - top];
  };

  function down(event) {
    if (event.button > 0) return;
    const place = placeOf(event);
    const begun = handlers.begin(event, place);
    if (!begun) return;
    pointers.set(event.pointerId, place);
    capture.setPointerCapture(event.pointerId);
    gesture = pointers.size === 1 ? {...begun, from: place, at: place, moved: false} : null;
    pinching = pointers.size === 2 ? {memo: handlers.beginPinch(fingersOf(pointers))} : null;
  }

  function move(event) {
    const place = placeOf(event);
    if (!pointers.has(event.pointerId)) {
      if (event.pointerType === 'mouse') handlers.hover(event, place);
      return;
    }
    pointers.set(event.pointerId, place);
    if (pinching && pointers.size === 2) handlers.pinch(fingersOf(pointers), pinching.memo);
    if (!gesture) return;
    gesture.moved ||= Math.hypot(place[0] - gesture.from[0], place[1] - gesture.from[1]) >= MIN_DRAG;
    if (!gesture.moved) return;
    handlers.move(gesture, place, event);
    gesture.at = place;
  }

  function up(event) {
    if (!pointers.delete(event.pointerId)) return;
    pinching = null;
    const ended = gesture;
    gesture = null;
    if (!ended) return;
    if (event.type === 'pointercancel') handlers.cancel(ended);
    else if (ended.moved) handlers.end(ended);
    else handlers.click(ended);
  }

  target.addEventListener('pointerdown', down);
  target.addEventListener('pointermove', move);
  target.addEventListener('pointerup', up);
  target.addEventListener('pointercancel', up);
}

/** Middle and distance of two pointers. */
function fingersOf(pointers) {
  const [[ax, ay], [bx, by]] = [...pointers.values()];
  const across = Math.max(Math.abs(ax - bx), MIN_APART);
  return {x: (ax + bx) / 2, y: (ay + by) / 2, apart: Math.max(Math.hypot(ax - bx, ay - by), MIN_APART), across};
}

/** A wheel event as {scroll, zoom}: sideways pixels, or the factor by which things grow. */
export function wheelMotion({deltaX, deltaY, deltaMode, ctrlKey, shiftKey}) {
  const unit = {1: LINE_PIXELS, 2: PAGE_PIXELS}[deltaMode] ?? 1;
  const sideways = Math.abs(deltaX) > Math.abs(deltaY) || shiftKey;
  if (sideways && !ctrlKey) return {scroll: (deltaX || deltaY) * unit, zoom: 1};
  const step = clamp(deltaY * unit, -MAX_WHEEL_STEP, MAX_WHEEL_STEP);
  return {scroll: 0, zoom: Math.exp(-step * (ctrlKey ? PINCH_ZOOM : WHEEL_ZOOM))};
}

/** The name of a key that is pressed without Ctrl, Alt or Meta, with one name for keys that mean the same; '' for others. */
export function keyName({key, ctrlKey, metaKey, altKey}) {
  return ctrlKey || metaKey || altKey ? '' : (SAME_KEY[key] ?? key);
}
