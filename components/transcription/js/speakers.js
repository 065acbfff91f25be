/* The speakers of the transcript: a colour for each, and names that can be typed. */

import {label} from '../../page/labels.js';

const COLOURS = 6;
const NAMES_ID = 'transcript-speakers';

/** The name of the speaker before a line, which opens the field for another name. */
export function speakerChip(name) {
  const chip = document.createElement('button');
  chip.type = 'button';
  chip.className = 'speaker';
  chip.textContent = name;
  chip.title = label('rename', {name});
  chip.setAttribute('aria-label', chip.title);
  return chip;
}

/** Give each speaker a colour, in the order in which they begin, as the tracks of the timeline do. */
export function colourSpeakers(lines) {
  const names = [...new Set(lines.map(({speaker}) => speaker).filter(Boolean))];
  for (const {row, speaker} of lines) {
    if (speaker) row.dataset.voice = (names.indexOf(speaker) % COLOURS) + 1;
  }
}

function button(name, className = '') {
  const control = document.createElement('button');
  control.textContent = label(name);
  control.className = className;
  return control;
}

function nameForm(lines, before) {
  const form = document.createElement('form');
  const field = document.createElement('input');
  const names = document.createElement('datalist');
  names.id = NAMES_ID;
  names.append(...[...new Set(lines.map(({speaker}) => speaker))].filter(Boolean).map(name => new Option(name)));
  field.setAttribute('list', NAMES_ID);
  field.setAttribute('aria-label', label('speaker_name'));
  field.maxLength = 60;
  field.value = before;
  const single = button('this_line');
  single.type = 'button';
  form.className = 'speaker-name';
  form.append(field, button('all_lines', 'primary'), single, names);
  return {form, field, single};
}

/** Ask for another name of the speaker of a line; `done` gets {name, everywhere}, or null if nothing changed. */
export function nameSpeaker(lines, index, done) {
  const {row, speaker: before} = lines[index];
  const chip = row.querySelector('.speaker');
  const {form, field, single} = nameForm(lines, before);
  let isOpen = true;

  function finish(everywhere) {
    if (!isOpen) return;
    isOpen = false;
    const name = field.value.trim();
    form.replaceWith(chip);
    chip.focus({preventScroll: true});
    done(everywhere !== null && name && name !== before ? {name, everywhere} : null);
  }

  chip.replaceWith(form);
  field.select();
  form.addEventListener('submit', event => {
    event.preventDefault();
    finish(true);
  });
  single.addEventListener('click', () => finish(false));
  form.addEventListener('focusout', event => {
    if (!form.contains(event.relatedTarget)) finish(null);
  });
  form.addEventListener('keydown', event => {
    event.stopPropagation();
    if (event.key === 'Escape') finish(null);
  });
}
