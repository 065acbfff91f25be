/* A tab's main button that is pressed while a clip is on its way works on that clip, not on the one before it. */

import {note} from './clip_bar.js';

const MAIN_BUTTON = '.controls .actions button.primary';
let held = null;

const isOpening = () => note.dataset.kind === 'opening';

/** Hold the presses of main buttons back until the clip is there; when it is refused they are forgotten. */
export function holdPresses() {
  document.addEventListener('click', hold, {capture: true});
  new MutationObserver(release).observe(note, {attributeFilter: ['data-kind']});
}

function hold(event) {
  const button = event.target.closest?.(MAIN_BUTTON);
  if (!button || !isOpening()) return;
  event.stopImmediatePropagation();
  event.preventDefault();
  held = button;
}

function release() {
  if (isOpening()) return;
  const button = held;
  held = null;
  if (note.dataset.kind === 'plain') button?.click();
}
