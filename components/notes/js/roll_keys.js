/* Keys of the piano roll. */

import {keyStep} from '../../timeline/js/view.js';
import {audition, choose, edit} from './note_changes.js';
import {deleted, louder, moved, resized} from './note_edits.js';
import {drawAll, player, roll, state, ui} from './notes_page.js';
import {drawNew} from './roll_pointers.js';

const SHIFT_STEPS = 10; // of an arrow key with Shift
const OCTAVE = 12;
const VELOCITY_STEP = 8;
const MIDDLE_C = 60;

/** Select the note before or after, play it, and bring it into view. */
function step(by) {
  const note = roll.neighbour(by, state.time);
  if (!note) return;
  choose([note]);
  audition(note);
  showNote(note);
}

function showNote(note) {
  const {view} = player();
  if (!view.has(note.onset)) player().showRange(note.onset - view.span * 0.1, view.span);
  const top = roll.rowOf(note) * roll.rowHeight;
  const {scrollTop, clientHeight} = ui.scroll;
  if (top < scrollTop || top + roll.rowHeight > scrollTop + clientHeight) ui.scroll.scrollTop = top - clientHeight / 2;
}

/** Edit the selected notes; they are played where `isHeard`. */
function change(pairsOf, isHeard = false) {
  const chosen = [...roll.selected];
  if (!chosen.length) return;
  edit(pairsOf(chosen));
  const [first] = roll.selected;
  if (!first) return;
  if (isHeard) audition(first);
  showNote(first);
}

const seconds = event => keyStep(player().view) * (event.shiftKey ? SHIFT_STEPS : 1);
const inTime = direction => event =>
  event.altKey
    ? change(notes => resized(notes, 'end', direction * seconds(event), roll.duration))
    : change(notes => moved(notes, direction * seconds(event), 0, roll.duration));
const inPitch = direction => event => {
  if (event.altKey) return change(notes => louder(notes, direction * VELOCITY_STEP), true);
  const pitched = [...roll.selected].every(note => !roll.isDrum(note));
  if (pitched) change(notes => moved(notes, 0, direction * (event.shiftKey ? OCTAVE : 1), roll.duration), true);
};

export function deleteChosen() {
  change(deleted);
  ui.scroll.focus({preventScroll: true});
}

export function toggleDrawing() {
  state.isDrawing = !state.isDrawing;
  ui.drawButton.setAttribute('aria-pressed', String(state.isDrawing));
  ui.stage.dataset.drawing = String(state.isDrawing);
}

function drawAtPlayhead() {
  const pitch = [...roll.selected].at(-1)?.pitch ?? MIDDLE_C;
  const row = roll.rows.find(each => !each.isDrum && each.pitch === pitch) ?? roll.rows.find(each => !each.isDrum);
  edit(drawNew(row, state.time));
}

const ROLL_KEYS = {
  ArrowLeft: inTime(-1),
  ArrowRight: inTime(1),
  ArrowUp: inPitch(1),
  ArrowDown: inPitch(-1),
  PageUp: () => step(-1),
  PageDown: () => step(1),
  ',': () => step(-1),
  '.': () => step(1),
  Delete: deleteChosen,
  Backspace: deleteChosen,
  Escape: () => choose([]),
  Enter: () => [...roll.selected].slice(0, 1).forEach(audition),
  n: drawAtPlayhead,
  d: toggleDrawing,
  ' ': () => window.dispatchEvent(new CustomEvent('audioscope:seek', {detail: {time: state.time, play: !state.playing}})),
};

export function onRollKey(event) {
  if (!player() || !roll.rows.length) return;
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'a') {
    choose(roll.notes);
    return event.preventDefault();
  }
  const action =
    event.ctrlKey || event.metaKey ? null : ROLL_KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!action || (event.key === 'Escape' && !roll.selected.size)) return;
  event.preventDefault();
  action(event);
  drawAll();
}
