/* Keys of the whole page: the list of keys, the tabs, and the main button of the open one. */

import {tabButtons} from './tabs.js';

const TYPING =
  'input:not([type=radio], [type=checkbox], [type=range]), textarea, select, [contenteditable]:not([contenteditable=false])';
const MAIN_BUTTON = '.controls > .actions button.primary';

/** Open the list with `?` or a button `.keys-open`. The dialog closes itself with Escape and gives the focus back. */
export function listenToKeys() {
  const list = document.querySelector('dialog.keys');
  document.addEventListener('keydown', event => onPageKey(event, list));
  document.addEventListener('click', ({target}) => {
    if (target.closest('.keys-open')) list.showModal();
    else if (target === list || target.closest('.keys-close')) list.close(); // the dialog itself is what lies around its content
  });
}

function onPageKey(event, list) {
  const {key, ctrlKey, metaKey, altKey, target} = event;
  if (event.defaultPrevented || list.open) return;
  if (key === 'Enter' && (ctrlKey || metaKey)) return pressMainButton(event);
  if (ctrlKey || metaKey || altKey || target.closest(TYPING)) return;
  if (key === '?') list.showModal();
  else if (tabButtons()[key - 1]) tabButtons()[key - 1].click();
  else return;
  event.preventDefault();
}

function pressMainButton(event) {
  const button = [...document.querySelectorAll(MAIN_BUTTON)].find(each => each.checkVisibility());
  if (!button) return;
  event.preventDefault();
  event.target.blur(); // Gradio takes over what is typed when its field is left
  button.focus();
  setTimeout(() => button.click());
}
