/* Keys of the timeline. */

import {keyName} from '../../page/gestures.js';
import {state, ui, view} from './page.js';
import {seekByUser, togglePlay} from './playback.js';
import {selectNext, sendLoop, setLoop, toggleLoop, zoomByKey} from './selection.js';
import {keyStep} from './view.js';

const SHIFT_STEPS = 10; // of an arrow key with Shift

const KEYS = {
  ' ': togglePlay,
  ArrowLeft: event => seekByUser(state.time - stepOf(event)),
  ArrowRight: event => seekByUser(state.time + stepOf(event)),
  Home: () => seekByUser(0),
  End: () => seekByUser(view.duration),
  '+': () => zoomByKey(0.5),
  '-': () => zoomByKey(2),
  l: toggleLoop,
  Escape: () => {
    setLoop(null);
    sendLoop();
  },
};
const KEYS_INSIDE = {ArrowUp: () => selectNext(-1), ArrowDown: () => selectNext(1)};

const stepOf = event => keyStep(view) * (event.shiftKey ? SHIFT_STEPS : 1);

/** Keys count in the timeline and where nothing has the focus, but not in text fields. */
export function onKey(event) {
  if (!state.clip || event.defaultPrevented) return;
  const inside = ui.root.contains(event.target);
  if (!inside && event.target !== document.body) return;
  if (inside && event.target.closest('button') && [' ', 'Enter'].includes(event.key)) return;
  const key = keyName(event);
  const action = KEYS[key] ?? (inside ? KEYS_INSIDE[key] : undefined);
  if (!action || (event.key === 'Escape' && !state.loop)) return;
  event.preventDefault();
  action(event);
}
