/* Selecting notes, changing them, and what the page says about it. */

import {label} from '../../page/labels.js';
import {noteEdit} from '../../page/edit_tools.js';
import {clock} from '../../page/time_format.js';
import {MAX_VELOCITY} from './roll.js';
import {applied, sent} from './note_edits.js';
import {drawAll, roll, state, ui} from './notes_page.js';

let sequence = 0; // of the edits that were sent: an answer to an earlier one is old

/** Whether a value from Python knows all edits of this page. */
export const isLatest = value => value.sequence === undefined || value.sequence >= sequence;

/** Name of a note as a person reads it. */
function nameOf(note) {
  return roll.isDrum(note) ? roll.parts[note.part].drums[note.pitch] : roll.nameOf(note.pitch);
}

function chosenText() {
  const chosen = [...roll.selected];
  if (chosen.length !== 1) return chosen.length ? label('chosen', {count: chosen.length}) : '';
  const [note] = chosen;
  return label('note', {
    pitch: nameOf(note),
    time: clock(note.onset, 2),
    seconds: (note.offset - note.onset).toFixed(2),
    velocity: note.velocity,
  });
}

/** Select these notes, or with `more` change whether they are selected. */
export function choose(notes, more = false) {
  if (!more) roll.selected.clear();
  for (const note of notes) {
    if (more && roll.selected.has(note)) roll.selected.delete(note);
    else roll.selected.add(note);
  }
  showChosen();
}

export function showChosen() {
  ui.chosen.textContent = chosenText();
  ui.deleteButton.disabled = !roll.selected.size;
  drawAll();
}

/** The selected notes, or all where none is. */
export const chosenOrAll = () => (roll.selected.size ? [...roll.selected] : roll.notes);

/** Show what an edit would give. */
export function previewEdit(pairs) {
  state.preview = new Map(pairs.filter(([before]) => before));
  const made = pairs.filter(([before]) => !before).map(([, after]) => after);
  if (made.length) state.preview.set(null, made);
  drawAll();
}

export function endPreview() {
  state.preview = new Map();
  drawAll();
}

/** Make an edit and send it; what it changed is selected where it was selected before, or is new. */
export function edit(pairs) {
  endPreview();
  const wire = sent(pairs);
  if (!wire || state.isFixed) return;
  const before = pairs.filter(([one]) => one && roll.selected.has(one)).map(([, after]) => after);
  const made = pairs.filter(([one]) => !one).map(([, after]) => after);
  const {notes} = applied(roll.notes, pairs);
  roll.selected = new Set([...(made.length ? made : before)].filter(Boolean));
  roll.show(notes);
  noteEdit();
  showChosen();
  sequence += 1;
  trigger('edited', {kind: 'notes', pairs: wire, sequence});
}

/** Ask Python for an edit. */
export function askFor(wish) {
  sequence += 1;
  trigger('edited', {...wish, sequence});
}

/** Play a note by itself. */
export function audition(note) {
  const {pitch, velocity, onset, offset} = note;
  const detail = {pitch, velocity: velocity / MAX_VELOCITY, seconds: offset - onset, isDrum: roll.isDrum(note)};
  window.dispatchEvent(new CustomEvent('audioscope:note', {detail}));
}
