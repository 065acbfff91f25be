/* The head line of the player stays at the top of the window, with the clip in small, while the page is scrolled past it. */

import {draw} from './drawing.js';
import {state, ui, view} from './page.js';
import {seekByUser} from './playback.js';

/** Keep the head line in sight; return the observer. */
export function watchSlim() {
  const observer = new IntersectionObserver(([entry]) => {
    state.isSlim = Boolean(state.clip) && !entry.isIntersecting && entry.boundingClientRect.top < 0;
    ui.root.dataset.slim = String(state.isSlim);
    draw('head');
  });
  observer.observe(ui.topRoom);
  for (const type of ['pointerdown', 'pointermove']) ui.mini.addEventListener(type, onMiniPointer);
  return observer;
}

function onMiniPointer(event) {
  if (event.type === 'pointerdown') ui.mini.setPointerCapture(event.pointerId);
  else if (!ui.mini.hasPointerCapture(event.pointerId)) return;
  const box = ui.mini.getBoundingClientRect();
  seekByUser(((event.clientX - box.left) / box.width) * view.duration);
}
