/* Editing the text of a line in place; splitting, merging and deleting it. */

import {label} from '../../page/labels.js';

const ACTIONS = ['save', 'cancel', 'split', 'merge', 'delete'];

/** The text before and after the place of the cursor. */
function halves(text) {
  const selection = getSelection();
  if (!selection.rangeCount || !text.contains(selection.focusNode)) return null;
  const before = document.createRange();
  before.selectNodeContents(text);
  before.setEnd(selection.focusNode, selection.focusOffset);
  const length = before.toString().length;
  return [text.textContent.slice(0, length), text.textContent.slice(length)];
}

function actionBar(isLast) {
  const bar = document.createElement('span');
  bar.className = 'line-actions';
  for (const action of ACTIONS.filter(name => !(isLast && name === 'merge'))) {
    const control = document.createElement('button');
    control.type = 'button';
    control.dataset.action = action;
    control.textContent = label(action);
    bar.append(control);
  }
  return bar;
}

/** Edit a line; `done` gets what was asked for: {kind, …} for Python, or null if nothing changed. */
export function editLine({text, row}, isLast, done) {
  const before = text.textContent.trim();
  const bar = actionBar(isLast);
  const leaving = new AbortController();
  let cursor = null;
  const listen = (target, type, handler) => target.addEventListener(type, handler, {signal: leaving.signal});
  const after = () => text.textContent.trim();

  function finish(wish) {
    leaving.abort();
    bar.remove();
    ['contenteditable', 'role', 'aria-label'].forEach(name => text.removeAttribute(name));
    row.classList.remove('editing');
    done(wish);
  }

  function act(action) {
    const place = cursor ?? [after(), ''];
    if (action === 'split') finish({kind: 'split', before: place[0], after: place[1]});
    else if (action === 'merge') finish({kind: 'merge', text: after()});
    else if (action === 'delete') finish({kind: 'correct', text: ''});
    else if (action === 'save' && after() !== before) finish({kind: 'correct', text: after()});
    else {
      text.textContent = before;
      finish(null);
    }
  }

  text.contentEditable = 'plaintext-only';
  text.setAttribute('role', 'textbox');
  text.setAttribute('aria-label', label('line_text'));
  row.classList.add('editing');
  row.append(bar);
  text.focus();
  listen(bar, 'pointerdown', event => event.preventDefault()); // the cursor stays where it is
  listen(bar, 'click', event => {
    const action = event.target.closest('button')?.dataset.action;
    if (action) act(action);
  });
  listen(document, 'selectionchange', () => (cursor = halves(text) ?? cursor));
  listen(row, 'focusout', event => {
    if (!row.contains(event.relatedTarget)) act('save');
  });
  listen(row, 'keydown', event => {
    event.stopPropagation();
    if (event.key === 'Escape') act('cancel');
    else if (event.key === 'Enter' && event.target === text) act(event.shiftKey ? 'split' : 'save');
    else return;
    event.preventDefault();
  });
}
