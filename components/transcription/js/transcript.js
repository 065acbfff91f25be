/* The transcript: rows that grow while decoding, words that seek and follow the sound, lines that can be edited in place.
   `element`, `trigger`, `props` and `watch` come from gr.HTML. */

import {showEdits} from '../../page/edit_tools.js';
import {label} from '../../page/labels.js';
import {editLine} from './line_editor.js';
import {lineElement} from './lines.js';
import {search, startSearch} from './search.js';
import {colourSpeakers, nameSpeaker} from './speakers.js';
import {startTools} from './tools.js';
import {offerWord, startWordKeys} from './words.js';

const list = element.querySelector('.segments');
const message = element.querySelector('.empty');
const partial = element.querySelector('.partial');
let rows = [];
let feed = null;
let read = 0;
let nowRows = [];
let nowWords = [];
let made = 0;
let editing = null; // the line whose text is being edited
let held = false; // a value that came while a line was being edited, whose text it would take away
let wasEdited = null; // index of the line that has the focus again when the edited lines are there

const spoken = () => rows.filter(({note}) => !note);

function seek(time) {
  window.dispatchEvent(new CustomEvent('audioscope:seek', {detail: {time, play: true}}));
}

/* Rows */

function show() {
  const {value} = props;
  if (!value?.edits) return; // a moment without a value, while the page is filled
  const top = list.scrollTop;
  held = editing !== null;
  if (held || (value.made < made && !value.restored)) return; // answers may overtake one another
  made = value.made ?? made;
  if (value.feed !== feed) {
    feed = value.feed;
    read = 0;
    rows = [];
    nowRows = [];
    nowWords = [];
    list.replaceChildren();
  }
  const lines = value.lines ?? '';
  const added = lines
    .slice(read)
    .split('\n')
    .filter(Boolean)
    .map(line => lineElement(JSON.parse(line)));
  read = lines.length;
  rows.push(...added);
  list.append(...added.map(({row}) => row));
  colourSpeakers(spoken());
  offerWord(list);
  partial.textContent = value.partial ?? '';
  message.textContent = value.message ?? '';
  message.hidden = rows.length > 0 || partial.textContent !== '';
  list.classList.toggle('several', new Set(spoken().map(line => line.speech_language)).size > 1);
  list.classList.toggle('fixed', value.edits.running);
  showEdits(value.edits, spoken().length > 0);
  search(spoken());
  list.scrollTop = partial.textContent ? list.scrollHeight : top;
  if (wasEdited !== null) spoken()[wasEdited]?.row.querySelector('.edit').focus({preventScroll: true});
  wasEdited = null;
}

/* Following the sound */

function at(items, time) {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (items[middle].start <= time) low = middle + 1;
    else high = middle;
  }
  const found = items[low - 1];
  return found && time < found.end ? found : null;
}

/** Both sides of a clip may speak at once. */
function follow({time, playing}) {
  const current = rows.filter(({start, end}) => start <= time && time < end);
  const words = current.map(row => at(row.words, time)).filter(Boolean);
  const begun = current.find(row => !nowRows.includes(row));
  mark(
    'now',
    nowRows.map(({row}) => row),
    current.map(({row}) => row),
  );
  mark(
    'hl',
    nowWords.map(word => word.element),
    words.map(word => word.element),
  );
  if (begun && playing) keepInView(begun.row);
  nowRows = current;
  nowWords = words;
}

/** Move a class from some elements to others; those that keep it are not touched. */
function mark(name, before, now) {
  before.filter(one => !now.includes(one)).forEach(one => one.classList.remove(name));
  now.filter(one => !before.includes(one)).forEach(one => one.classList.add(name));
}

function keepInView(row) {
  const above = row.offsetTop - list.offsetTop;
  if (above < list.scrollTop || above + row.offsetHeight > list.scrollTop + list.clientHeight) {
    list.scrollTop = above - list.clientHeight / 3;
  }
}

/* Editing */

function edit(index, line) {
  editing = line;
  editLine(line, index === spoken().length - 1, wish => {
    if (wish) {
      wasEdited = index;
      trigger('edited', {...wish, index, start: line.start});
    }
    if (editing !== line) return; // another one has begun
    editing = null;
    if (held) show();
  });
}

function rename(index, lines) {
  editing = lines[index];
  nameSpeaker(lines, index, wish => {
    editing = null;
    if (wish) trigger('edited', {kind: 'speaker', ...wish, index, start: lines[index].start});
    if (held) show();
  });
}

list.addEventListener('click', event => {
  const target = event.target;
  const lines = spoken();
  const index = lines.findIndex(({row}) => row.contains(target));
  if (index < 0 || lines[index].row.classList.contains('editing')) return;
  if (target.closest('.edit')) edit(index, lines[index]);
  else if (target.closest('.speaker')) rename(index, lines);
  else if (target.closest('.again')) trigger('again', {index, start: lines[index].start});
  else if (target.closest('.word')) seek(Number(target.closest('.word').dataset.time));
  else if (target.closest('.time')) seek(lines[index].start);
});
window.addEventListener('audioscope:dictation', () => (message.textContent = label('dictating')));
window.addEventListener('audioscope:time', event => follow(event.detail));
startWordKeys(list);
startSearch(spoken, keepInView);
startTools(spoken);
watch('value', show);
show();
