/*
 * The notes of the clip as a piano roll that can be edited; its time axis is that of the player.
 *
 * `element`, `trigger`, `props` and `watch` come from gr.HTML. A value is that of `roll_value` in roll.py,
 * or {file}, {pages} or {failed}. To Python: the events 'edited' (an edit, undo, another version), 'exported' {format} and
 * 'engraved'.
 */

import {showEdits, startEdits} from '../../page/edit_tools.js';
import {label} from '../../page/labels.js';
import {storeFile} from '../../page/stored_file.js';
import {askFor, chosenOrAll, edit, endPreview, isLatest, previewEdit, showChosen} from './note_changes.js';
import {fieldsOf, scaled} from './note_edits.js';
import {drawAll, onRollTheme, placeRollHead, roll, state, ui} from './notes_page.js';
import {deleteChosen, onRollKey, toggleDrawing} from './roll_keys.js';
import {listenToRoll} from './roll_pointers.js';
import {listenToScore, refreshScore, showScore} from './score.js';

const PHONE_ROW_HEIGHT = 14; // CSS pixels
const quantise = element.querySelector('.edit-panel[data-panel="quantise"]');
const loudness = element.querySelector('.edit-panel[data-panel="velocity"]');

function receive() {
  const {value} = props;
  if (value?.file) storeFile(value.file);
  if (value?.pages) showScore(value.pages);
  if (value?.file || value?.pages || value?.failed) return say(value.failed ?? '');
  if (!value?.edits || !isLatest(value)) return; // a moment without a value, while the page is filled
  const isNew = value.token !== state.token;
  state.token = value.token;
  const {duration, beats, pedals} = value;
  Object.assign(roll, {duration, beats, pedals, pitchNames: value.pitch_names ?? undefined});
  state.isFixed = value.edits.running;
  if (isNew) roll.selected.clear();
  const notes = value.notes.map(([onset, offset, pitch, velocity, part, bend]) => ({
    ...{onset, offset, pitch, velocity, part},
    bend: bend ?? [],
  }));
  roll.show(notes, value.parts);
  endPreview();
  say(value.error ?? '');
  showEdits(value.edits, value.parts.length > 0);
  showParts(value.message);
  showChosen();
  if (value.edits.running === false) refreshScore();
  if (isNew) ui.scroll.scrollTop = (roll.height - ui.scroll.clientHeight) / 2;
}

/** Show the roll where there are parts, else the message. */
function showParts(message) {
  const has = roll.parts.length > 0;
  ui.message.textContent = message;
  ui.message.hidden = roll.notes.length > 0;
  ui.root.classList.toggle('unused', !has);
  quantise.querySelector('fieldset').disabled = !roll.beats.length;
  const pitches = roll.notes.filter(note => !roll.isDrum(note)).map(note => note.pitch);
  const range = pitches.length ? [pitches.reduce((a, b) => Math.min(a, b)), pitches.reduce((a, b) => Math.max(a, b))] : [];
  const [low, high] = range.map(pitch => roll.nameOf(pitch));
  ui.scroll.setAttribute('aria-label', label(low ? 'roll' : 'empty_roll', {count: roll.notes.length, low, high}));
}

function say(text) {
  ui.live.textContent = text;
  ui.live.hidden = !text;
}

function listenToTools() {
  startEdits('#transcribe-notes');
  ui.drawButton.addEventListener('click', toggleDrawing);
  ui.deleteButton.addEventListener('click', deleteChosen);
  ui.balance.addEventListener('input', () => {
    const detail = {balance: Number(ui.balance.value) / 100};
    window.dispatchEvent(new CustomEvent('audioscope:balance', {detail}));
  });
  const factor = () => Number(loudness.elements.factor.value) / 100;
  loudness.elements.factor.addEventListener('input', () => previewEdit(scaled(chosenOrAll(), factor())));
  loudness.elements.factor.addEventListener('change', () => {
    edit(scaled(chosenOrAll(), factor()));
    loudness.elements.factor.value = 100;
  });
  loudness.addEventListener('submit', event => event.preventDefault());
  quantise.addEventListener('submit', event => {
    event.preventDefault();
    const {grid, strength} = quantise.elements;
    const chosen = chosenOrAll().map(fieldsOf);
    askFor({kind: 'quantise', grid: Number(grid.value), strength: Number(strength.value) / 100, chosen});
  });
  for (const button of element.querySelectorAll('[data-format]')) {
    button.addEventListener('click', () => {
      say(label('writing', {format: button.textContent}));
      trigger('exported', {format: button.dataset.format});
    });
  }
  listenToScore();
}

function listenToPage() {
  window.addEventListener('audioscope:view', drawAll);
  window.addEventListener('audioscope:time', ({detail: {time, playing}}) => {
    Object.assign(state, {time, playing});
    if (ui.stage.clientWidth && roll.rows.length) placeRollHead();
  });
  const sizes = new ResizeObserver(drawAll);
  sizes.observe(ui.stage);
  const classes = new MutationObserver(onRollTheme);
  for (const target of [document.body, document.documentElement])
    classes.observe(target, {attributes: true, attributeFilter: ['class']});
}

if (matchMedia('(pointer: coarse)').matches) roll.rowHeight = PHONE_ROW_HEIGHT;
listenToTools();
listenToRoll();
ui.stage.addEventListener('keydown', onRollKey);
listenToPage();
ui.root.notes = {roll, state};
watch('value', receive);
receive();
