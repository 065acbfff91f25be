/* The tools above the transcript: replace all, shift all, copy; undo, redo and versions are those of every edited result. */

import {startEdits} from '../../page/edit_tools.js';
import {clock} from '../../page/time_format.js';
import {label} from '../../page/labels.js';
import {searchText} from './search.js';

const tools = element.querySelector('.edit-tools');
const COPIED_MS = 1500;

function textOf(lines, withTimes) {
  const voice = line => line.speaker || (line.side && label(line.side));
  const named = line => (voice(line) ? `${voice(line)}: ` : '');
  return lines.map(line => (withTimes ? `${clock(line.start)}  ` : '') + named(line) + line.text.textContent).join('\n');
}

async function copy(text, control) {
  const before = control.textContent;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    copyFromField(text); // pages without HTTPS have no clipboard
  }
  control.textContent = label('copied');
  setTimeout(() => (control.textContent = before), COPIED_MS);
}

function copyFromField(text) {
  const field = document.createElement('textarea');
  field.value = text;
  element.append(field);
  field.select();
  document.execCommand('copy');
  field.remove();
}

/** Listen to the tools; `lines` gives those of the transcript. */
export function startTools(lines) {
  tools.querySelectorAll('.copy').forEach((button, index) => {
    button.addEventListener('click', () => copy(textOf(lines(), index === 1), button));
  });
  element.querySelector('form[data-panel="replace"]').addEventListener('submit', event => {
    event.preventDefault();
    if (searchText()) trigger('edited', {kind: 'replace', search: searchText(), text: event.target.elements.text.value});
  });
  element.querySelector('form[data-panel="shift"]').addEventListener('submit', event => {
    event.preventDefault();
    trigger('edited', {kind: 'shift', seconds: event.target.elements.seconds.valueAsNumber});
  });
  startEdits('#transcribe');
}
