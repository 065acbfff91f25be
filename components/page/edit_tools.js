/* Undo, redo, versions, panels of further tools, and the question before a new run, of a result that a person edits; edits.py has their markup.
   `element` and `trigger` come from gr.HTML. */

import {label} from './labels.js';

const editTools = element.querySelector('.edit-tools');
const undoButton = editTools.querySelector('.undo');
const redoButton = editTools.querySelector('.redo');
const versionChoice = editTools.querySelector('.versions');
const question = element.querySelector('.edit-ask');
let edits = {};

function versionTitle({made, model, edits: number}) {
  const time = new Date(made * 1000).toLocaleTimeString([], {hour: '2-digit', minute: '2-digit'});
  const changed = number === 1 ? label('one_edit') : label('edits', {count: number});
  return [time, model, ...(number ? [changed] : [])].join(' · ');
}

/** Show what can be done with this state of the edits. */
export function showEdits(now, hasItems) {
  edits = now;
  editTools.classList.toggle('unused', !hasItems && edits.versions.length < 2);
  editTools.inert = edits.running;
  undoButton.disabled = !edits.undo;
  redoButton.disabled = !edits.redo;
  versionChoice.hidden = edits.versions.length < 2;
  versionChoice
    .querySelector('select')
    .replaceChildren(
      ...edits.versions.map(version => new Option(versionTitle(version), version.id, false, version.id === edits.shown)),
    );
}

/** Show that there is one more edit, before Python has stored it. */
export function noteEdit() {
  showEdits({...edits, undo: true, redo: false, asks: true}, true);
}

function onUndoKey(event) {
  const isField = event.target.closest?.('input:not([type=range]), textarea, select, [contenteditable]');
  if (!(event.ctrlKey || event.metaKey) || isField || !element.offsetParent || editTools.inert) return;
  const key = event.key.toLowerCase();
  const isRedo = key === 'y' || (key === 'z' && event.shiftKey);
  if (!isRedo && key !== 'z') return;
  event.preventDefault();
  if (isRedo ? edits.redo : edits.undo) trigger('edited', {kind: isRedo ? 'redo' : 'undo'});
}

/** Ask before a new run takes the place of edits. */
function askBefore(event, runButton) {
  if (!edits.asks || !event.target.closest(runButton)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  question.showModal();
}

/** Show the panel that belongs to a button, or fold it away. */
function foldPanel(button) {
  const panel = element.querySelector(`.edit-panel[data-panel="${button.dataset.panel}"]`);
  panel.hidden = !panel.hidden;
  button.setAttribute('aria-expanded', String(!panel.hidden));
  if (!panel.hidden) panel.querySelector('input, select').focus();
}

/** Listen to the tools; `runButton` is the selector of the button that begins a new run. */
export function startEdits(runButton) {
  undoButton.addEventListener('click', () => trigger('edited', {kind: 'undo'}));
  redoButton.addEventListener('click', () => trigger('edited', {kind: 'redo'}));
  versionChoice.addEventListener('change', event => trigger('edited', {kind: 'version', id: event.target.value}));
  editTools.querySelectorAll('[data-panel]').forEach(button => button.addEventListener('click', () => foldPanel(button)));
  question.addEventListener('close', () => {
    if (question.returnValue !== 'yes') return;
    edits = {...edits, asks: false};
    document.querySelector(runButton).click();
  });
  window.addEventListener('keydown', onUndoKey);
  window.addEventListener('click', event => askBefore(event, runButton), true);
}
