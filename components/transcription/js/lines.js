/* The elements of one line of the transcript, and of a remark between lines. */

import {sure} from '../../page/certainty.js';
import {clock} from '../../page/time_format.js';
import {label, named} from '../../page/labels.js';
import {speakerChip} from './speakers.js';

/** The English name of a language; a bundle may have any text as the code. */
function languageName(code) {
  const isCode = /^[a-z]{2,3}$/.test(code);
  return isCode ? new Intl.DisplayNames(['en'], {type: 'language'}).of(code) : code;
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

function note(name, text, title) {
  const added = document.createElement('span');
  added.className = name;
  added.textContent = text;
  added.title = title;
  return added;
}

/** What stands before the text: the speaker, or the side that was read by itself, and the language, if there are several. */
function origin({side, speaker, note: isRemark, speech_language: code}) {
  const parts = speaker ? [speakerChip(speaker)] : side ? [note('side', label(side), '')] : [];
  return isRemark || !code ? parts : [...parts, note('language', code.toUpperCase(), languageName(code))];
}

/** What stands after the text: whether it is a guess, and whether a person wrote it. */
function marks({is_guess: isGuess, is_edited: isEdited, speech_language: code, language_probability: probability}) {
  const reason = isGuess ? {language: languageName(code), sure: sure(probability)} : {};
  return [
    ...(isGuess ? [note('mark guess', label('guess'), label('guess_reason', reason))] : []),
    ...(isEdited ? [note('mark edited', label('edited'), '')] : []),
  ];
}

/** A line with its elements: {...segment, words, row, text}. */
export function lineElement(segment) {
  const row = document.createElement('li');
  const text = document.createElement('span');
  const words = segment.words.map(wordElement);
  text.className = 'text';
  text.dir = 'auto';
  if (segment.language) text.lang = segment.language;
  text.append(...spaced(segment.text, words));
  row.classList.toggle('remark', Boolean(segment.note));
  const time = named('time', label('play', {time: clock(segment.start)}), clock(segment.start));
  const body = document.createElement('span');
  body.className = 'body';
  body.append(text, ...marks(segment));
  row.append(time, ...origin(segment), body);
  if (!segment.note) row.append(named('edit', label('edit'), '✎'), named('again', label('again'), '↻'));
  return {...segment, words, row, text};
}
