/* The transcript: rows that grow while decoding, words that seek and follow the sound, lines that can be corrected in place.
   `element`, `trigger`, `props` and `watch` come from gr.HTML. */

import {sure} from '../page/certainty.js';
import {clock} from '../page/time_format.js';

const list = element.querySelector('.segments');
const message = element.querySelector('.empty');
const partial = element.querySelector('.partial');
let rows = [];
let feed = null;
let read = 0;
let nowRows = [];
let nowWords = [];
let made = 0;
let editing = false;
let held = false; // a value that came while a line was being edited, whose text it would take away

function seek(time) {
  window.dispatchEvent(new CustomEvent('audioscope:seek', {detail: {time, play: true}}));
}

/* Rows */

function button(name, label, text) {
  const control = document.createElement('button');
  control.type = 'button';
  control.className = name;
  control.textContent = text;
  if (label) control.setAttribute('aria-label', label);
  return control;
}

function wordElement({start, end, text, probability}) {
  const word = document.createElement('span');
  const [fair, good] = props.value.marked;
  word.className = probability < fair ? 'word w1' : probability < good ? 'word w2' : 'word';
  word.textContent = text;
  word.title = `${clock(start)} · ${sure(probability)}`;
  word.dataset.time = start;
  return {start, end, element: word};
}

/** The words with what stands between them in the text; the text alone if they do not spell it. */
function spaced(text, words) {
  const parts = [];
  let position = 0;
  for (const {element: word} of words) {
    const start = text.indexOf(word.textContent, position);
    if (start < 0) return [text];
    parts.push(text.slice(position, start), word);
    position = start + word.textContent.length;
  }
  return [...parts, text.slice(position)];
}

/** Where the language changes, its name stands before the line. */
function languageRow(code) {
  const row = document.createElement('li');
  const name = document.createElement('span');
  row.className = 'remark language';
  name.className = 'text';
  name.textContent = languageName(code);
  row.append(document.createElement('span'), name);
  return row;
}

function languageName(code) {
  return new Intl.DisplayNames(['en'], {type: 'language'}).of(code);
}

/** Which side of the clip speaks, before the line, if each was read by itself. */
function sideLabel(side) {
  if (!side) return [];
  const label = document.createElement('span');
  label.className = 'side';
  label.textContent = side === 'left' ? 'Left' : 'Right';
  return [label];
}

function addRow(segment) {
  const row = document.createElement('li');
  const text = document.createElement('span');
  const words = segment.words.map(wordElement);
  text.className = 'text';
  text.dir = 'auto';
  text.append(...spaced(segment.text, words));
  const before = rows.findLast(other => other.language);
  if (segment.language && before && segment.language !== before.language) {
    if (!list.querySelector('.language')) rows.find(other => other.language).row.before(languageRow(before.language));
    list.append(languageRow(segment.language));
  }
  if (segment.note) row.className = 'remark';
  if (segment.is_guess) {
    row.classList.add('guess');
    text.title = `Only a guess: ${languageName(segment.speech_language)}, ${sure(segment.language_probability)}`;
  }
  const time = button('time', `Play from ${clock(segment.start)}`, clock(segment.start));
  row.append(time, ...sideLabel(segment.side), text);
  row.classList.toggle('sided', Boolean(segment.side));
  if (!segment.note) row.append(button('edit', 'Correct this line', '✎'), button('again', 'Decode this line again', '↻'));
  list.append(row);
  rows.push({...segment, words, row, text});
}

function show() {
  const value = props.value ?? {};
  const top = list.scrollTop;
  held = editing;
  if (held || value.made < made) return; // answers may overtake one another
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
  const tail = lines.slice(read);
  read = lines.length;
  tail
    .split('\n')
    .filter(Boolean)
    .forEach(line => addRow(JSON.parse(line)));
  partial.textContent = value.partial ?? '';
  message.textContent = value.message ?? '';
  message.hidden = rows.length > 0 || partial.textContent !== '';
  list.scrollTop = partial.textContent ? list.scrollHeight : top;
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

/* Correcting */

function edit(index, {text, row, start}) {
  const before = text.textContent.trim();
  text.contentEditable = 'plaintext-only';
  text.setAttribute('role', 'textbox');
  text.setAttribute('aria-label', 'Text of this line; Enter keeps it, Escape leaves it as it was');
  row.classList.add('editing');
  editing = true;
  text.focus();
  const finish = keep => {
    text.removeEventListener('blur', onBlur);
    text.removeEventListener('keydown', onKey);
    text.removeAttribute('contenteditable');
    text.removeAttribute('role');
    row.classList.remove('editing');
    const after = text.textContent.trim();
    if (keep && after !== before) trigger('edited', {index, start, text: after});
    else if (!keep) text.textContent = before;
    editing = false;
    if (held) show();
  };
  const onBlur = () => finish(true);
  const onKey = event => {
    event.stopPropagation();
    if (event.key !== 'Enter' && event.key !== 'Escape') return;
    event.preventDefault();
    finish(event.key === 'Enter');
  };
  text.addEventListener('blur', onBlur);
  text.addEventListener('keydown', onKey);
}

list.addEventListener('click', event => {
  const target = event.target;
  const lines = rows.filter(({note}) => !note);
  const index = lines.findIndex(({row}) => row.contains(target));
  if (index < 0 || lines[index].row.classList.contains('editing')) return;
  if (target.closest('.edit')) edit(index, lines[index]);
  else if (target.closest('.again')) trigger('again', {index, start: lines[index].start});
  else if (target.closest('.word')) seek(Number(target.closest('.word').dataset.time));
  else if (target.closest('.time')) seek(lines[index].start);
});
window.addEventListener('audioscope:time', event => follow(event.detail));
watch('value', show);
show();
