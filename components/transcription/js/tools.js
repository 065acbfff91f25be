/* The tools above the transcript: undo and redo, replace all, shift all, copy, versions; and the question before a new run. */

import {clock} from '../../page/time_format.js';
import {label} from './labels.js';
import {searchText} from './search.js';

const tools = element.querySelector('.transcript-tools');
const tool = name => tools.querySelector(`.${name}`);
const versions = tool('versions');
const question = element.querySelector('dialog');
const COPIED_MS = 1500;
let edits = {};

function versionTitle({made, model, edits: number}) {
  const time = new Date(made * 1000).toLocaleTimeString([], {hour: '2-digit', minute: '2-digit'});
  const changed = number === 1 ? label('one_edit') : label('edits', {count: number});
  return [time, model, ...(number ? [changed] : [])].join(' · ');
}

/** Show what can be done with this state of the edits. */
export function showTools(now, hasLines) {
  edits = now;
  tools.classList.toggle('unused', !hasLines && edits.versions.length < 2);
  tools.inert = edits.running;
  tool('undo').disabled = !edits.undo;
  tool('redo').disabled = !edits.redo;
  versions.hidden = edits.versions.length < 2;
  versions
    .querySelector('select')
    .replaceChildren(
      ...edits.versions.map(version => new Option(versionTitle(version), version.id, false, version.id === edits.shown)),
    );
}

function textOf(lines, withTimes) {
  const side = line => (line.side ? `${label(line.side)}: ` : '');
  return lines.map(line => (withTimes ? `${clock(line.start)}  ` : '') + side(line) + line.text.textContent).join('\n');
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

function fold(button) {
  const panel = element.querySelector(`form[data-panel="${button.dataset.panel}"]`);
  panel.hidden = !panel.hidden;
  button.setAttribute('aria-expanded', String(!panel.hidden));
  if (!panel.hidden) panel.querySelector('input').focus();
}

function onKey(event) {
  const isField = event.target.closest?.('input, textarea, select, [contenteditable]');
  if (!(event.ctrlKey || event.metaKey) || isField || !element.offsetParent || tools.inert) return;
  const key = event.key.toLowerCase();
  const isRedo = key === 'y' || (key === 'z' && event.shiftKey);
  if (!isRedo && key !== 'z') return;
  event.preventDefault();
  if (isRedo ? edits.redo : edits.undo) trigger('edited', {kind: isRedo ? 'redo' : 'undo'});
}

/** Ask before a new run takes the place of edits. */
function onRun(event) {
  if (!edits.asks || !event.target.closest('#transcribe')) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  question.showModal();
}

/** Listen to the tools; `lines` gives those of the transcript. */
export function startTools(lines) {
  tool('undo').addEventListener('click', () => trigger('edited', {kind: 'undo'}));
  tool('redo').addEventListener('click', () => trigger('edited', {kind: 'redo'}));
  tools.querySelectorAll('.copy').forEach((button, index) => {
    button.addEventListener('click', () => copy(textOf(lines(), index === 1), button));
  });
  tools.querySelectorAll('[data-panel]').forEach(button => button.addEventListener('click', () => fold(button)));
  versions.addEventListener('change', event => trigger('edited', {kind: 'version', id: event.target.value}));
  element.querySelector('form[data-panel="replace"]').addEventListener('submit', event => {
    event.preventDefault();
    if (searchText()) trigger('edited', {kind: 'replace', search: searchText(), text: event.target.elements.text.value});
  });
  element.querySelector('form[data-panel="shift"]').addEventListener('submit', event => {
    event.preventDefault();
    trigger('edited', {kind: 'shift', seconds: event.target.elements.seconds.valueAsNumber});
  });
  question.addEventListener('close', () => {
    if (question.returnValue !== 'yes') return;
    edits = {...edits, asks: false};
    document.querySelector('#transcribe').click();
  });
  window.addEventListener('keydown', onKey);
  window.addEventListener('click', onRun, true);
}
