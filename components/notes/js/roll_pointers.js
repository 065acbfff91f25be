/* Mouse, pen and fingers on the piano roll and on the lane of velocities. */

import {followPointers, wheelMotion} from '../../page/gestures.js';
import {audition, choose, edit, endPreview, previewEdit} from './note_changes.js';
import {drawn, louder, moved, resized, snapped} from './note_edits.js';
import {drawAll, gutter, player, roll, state, ui, viewNow} from './notes_page.js';
import {MAX_VELOCITY} from './roll.js';
import {LANE_HEIGHT} from './roll_drawing.js';

const NEW_NOTE_SECONDS = 0.25;
const NEW_VELOCITY = 90;
const NEAR_PIXELS = 6; // from a bar of the lane
const STILL_PIXELS = 4; // of a drag up or down, which leaves the time alone
const CURSORS = {start: 'ew-resize', end: 'ew-resize', body: 'grab'};

/** A note that a gesture draws in a row: in the part of the last selected note if that fits, else the first that does. */
function newNote({pitch, isDrum}) {
  const fits = part => Boolean(roll.parts[part]?.drums) === isDrum;
  const chosen = [...roll.selected].map(note => note.part).filter(fits);
  const velocity = [...roll.selected].at(-1)?.velocity ?? NEW_VELOCITY;
  return {pitch, velocity, part: chosen.at(-1) ?? roll.parts.findIndex((_, part) => fits(part))};
}

/** Draw a note in a row, between two times. */
export function drawNew(row, one, other = one + NEW_NOTE_SECONDS) {
  return drawn(newNote(row), one, other, roll.duration);
}

const laneX = x => x - gutter();

function soundKey(row) {
  const note = {...newNote(row), onset: 0, offset: 1};
  audition(note);
}

/** What a drag on the roll does, by kind: the edit so far. */
const dragEdits = {
  move({held, row}, seconds, y) {
    const semitones = row.isDrum ? 0 : row.pitch - (roll.rowAt(y).isDrum ? row.pitch : roll.rowAt(y).pitch);
    return moved(held, seconds, -semitones, roll.duration);
  },
  start: ({held}, seconds) => resized(held, 'start', seconds, roll.duration),
  end: ({held}, seconds) => resized(held, 'end', seconds, roll.duration),
  draw: ({row, time}, seconds) => drawNew(row, time, time + seconds),
};

/** Seconds by which a drag moves what it holds: to the grid of the beats, with Alt anywhere. */
function draggedSeconds({kind, found, time, from, view}, x, isFree) {
  const pixels = x - from[0];
  if (kind === 'move' && Math.abs(pixels) < STILL_PIXELS) return 0;
  const held = {move: found?.onset, start: found?.onset, end: found?.offset, draw: time}[kind];
  const seconds = pixels * view.secondsPerPixel;
  return isFree ? seconds : snapped(held + seconds, roll.beats, Number(ui.grid.value)) - held;
}

function beginOnRoll(event, [x, y]) {
  if (!player() || !roll.rows.length) return null;
  const row = roll.rowAt(y);
  if (laneX(x) < 0) {
    soundKey(row);
    return null;
  }
  const view = viewNow();
  const found = roll.hit(view, laneX(x), y);
  const more = event.shiftKey || event.ctrlKey || event.metaKey;
  const common = {row, time: view.time(laneX(x)), view, more, isTouch: event.pointerType === 'touch'};
  ui.scroll.focus({preventScroll: true});
  // On a touch screen a note is tapped before it is dragged: a swipe over notes pans or scrolls.
  if (found && common.isTouch && !roll.selected.has(found.note)) return {...common, kind: 'pan', found: found.note};
  if (!found) return {...common, kind: state.isDrawing ? 'draw' : common.isTouch ? 'pan' : 'marquee'};
  if (!roll.selected.has(found.note) && !more) choose([found.note]);
  const held = roll.selected.has(found.note) ? [...roll.selected] : [found.note];
  return {...common, kind: found.side === 'body' ? 'move' : found.side, found: found.note, held};
}

function dragOnRoll(gesture, [x, y], event) {
  if (gesture.kind === 'pan') {
    const panned = (x - gesture.from[0]) * gesture.view.secondsPerPixel;
    return player().showRange(gesture.view.start - panned, gesture.view.span);
  }
  if (gesture.kind === 'marquee') {
    state.marquee = [
      [laneX(gesture.from[0]), gesture.from[1]],
      [laneX(x), y],
    ];
    return drawAll();
  }
  const seconds = draggedSeconds(gesture, x, event.altKey);
  gesture.pairs = dragEdits[gesture.kind](gesture, seconds, y);
  const pitch = gesture.pairs[0][1].pitch;
  if (gesture.kind === 'move' && pitch !== (gesture.sounded ?? gesture.held[0].pitch)) {
    gesture.sounded = pitch;
    audition(gesture.pairs[gesture.held.indexOf(gesture.found)]?.[1] ?? gesture.pairs[0][1]);
  }
  previewEdit(gesture.pairs);
}

function endOnRoll(gesture) {
  if (gesture.kind === 'marquee') {
    const box = state.marquee;
    state.marquee = null;
    choose(roll.within(viewNow(), ...box), gesture.more);
  }
  if (gesture.pairs) edit(gesture.pairs);
}

/** A click on a note plays it, on an empty place it seeks; with the pencil it draws a note. */
function clickOnRoll({kind, found, more, row, time}) {
  if (kind === 'draw') {
    const pairs = drawNew(row, time);
    audition(pairs[0][1]);
    return edit(pairs);
  }
  if (!found) {
    if (!more) choose([]);
    return window.dispatchEvent(new CustomEvent('audioscope:seek', {detail: {time}}));
  }
  choose([found], more);
  audition(found);
}

function hoverRoll(event, [x, y]) {
  if (!roll.rows.length) return;
  const row = roll.rowAt(y);
  const side = laneX(x) < 0 ? null : roll.hit(viewNow(), laneX(x), y)?.side;
  ui.roll.style.cursor = laneX(x) < 0 ? 'pointer' : (CURSORS[side] ?? (state.isDrawing ? 'crosshair' : ''));
  if (state.hovered === row) return;
  state.hovered = row;
  drawAll();
}

const rollHandlers = {
  begin: beginOnRoll,
  move: dragOnRoll,
  end: endOnRoll,
  click: clickOnRoll,
  cancel() {
    state.marquee = null;
    endPreview();
  },
  beginPinch: ({x, across}) => ({time: viewNow().time(laneX(x)), across, span: player().view.span}),
  pinch({x, across}, begun) {
    const span = (begun.span * begun.across) / across;
    player().showRange(begun.time - (laneX(x) / viewNow().width) * span, span);
  },
  hover: hoverRoll,
};

/** The lane: the notes whose bar is near, or the selected ones if that is one of them, get the height of the pointer. */
const laneHandlers = {
  begin(event, [x, y]) {
    const view = viewNow();
    const near = roll.notes
      .map(note => ({note, away: Math.abs(view.x(note.onset) - laneX(x))}))
      .filter(({away}) => away <= NEAR_PIXELS)
      .sort((a, b) => a.away - b.away || Number(roll.selected.has(b.note)) - Number(roll.selected.has(a.note)));
    if (!near.length) return null;
    const {note} = near[0];
    if (!roll.selected.has(note)) choose([note]);
    const by = velocityAt(y) - note.velocity;
    return {held: [...roll.selected], note, pairs: louder([...roll.selected], by)};
  },
  move(gesture, [, y]) {
    gesture.pairs = louder(gesture.held, velocityAt(y) - gesture.note.velocity);
    previewEdit(gesture.pairs);
  },
  end: ({pairs}) => edit(pairs),
  click: ({pairs}) => edit(pairs),
  cancel: endPreview,
  beginPinch: () => null,
  pinch() {},
  hover() {},
};

const velocityAt = y => Math.round((1 - y / LANE_HEIGHT) * MAX_VELOCITY);

/** The wheel does what it does on the player; over more rows than there is room for, it scrolls them. */
function onRollWheel(event) {
  if (!player()) return;
  const scrolls = ui.scroll.scrollHeight > ui.scroll.clientHeight && ui.scroll.contains(event.target);
  if (scrolls && !event.ctrlKey && !event.shiftKey && Math.abs(event.deltaY) >= Math.abs(event.deltaX)) return;
  const {view} = player();
  const {start, span} = view;
  const motion = wheelMotion(event);
  if (motion.zoom === 1) player().showRange(start + motion.scroll * view.secondsPerPixel, span);
  else player().zoom(1 / motion.zoom, viewNow().time(laneX(event.clientX - ui.stage.getBoundingClientRect().left)));
  if (start !== view.start || span !== view.span || event.ctrlKey) event.preventDefault();
}

/** The browser scrolls from everywhere but from a selected note, which a finger drags up and down. */
function keepFromScrolling(event) {
  const [{clientX, clientY}] = event.touches;
  const {left, top} = ui.roll.getBoundingClientRect();
  const found = player() && roll.rows.length ? roll.hit(viewNow(), laneX(clientX - left), clientY - top) : null;
  if (found && roll.selected.has(found.note)) event.preventDefault();
}

export function listenToRoll() {
  ui.roll.addEventListener('touchstart', keepFromScrolling, {passive: false});
  followPointers(ui.roll, ui.roll, () => ui.roll, rollHandlers);
  followPointers(ui.lane, ui.lane, () => ui.lane, laneHandlers);
  ui.roll.addEventListener('dblclick', event => {
    const {left, top} = ui.roll.getBoundingClientRect();
    const [x, y] = [laneX(event.clientX - left), event.clientY - top];
    if (state.isDrawing || x < 0 || roll.hit(viewNow(), x, y)) return;
    edit(drawNew(roll.rowAt(y), viewNow().time(x)));
  });
  ui.roll.addEventListener('pointerleave', () => {
    state.hovered = null;
    drawAll();
  });
  ui.stage.addEventListener('wheel', onRollWheel, {passive: false});
}
