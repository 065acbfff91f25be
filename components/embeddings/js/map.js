/*
 * The map of an embedding: each frame of the clip is a point, in the plane or in space, and a marker follows their path with
 * the sound. Gradio runs the joined modules once, with `element`, `trigger`, `props` and `watch`.
 *
 * `props.value` is what map.py's `map_value` makes; null shows no map. `look`, which Python puts before this script, has
 * the ramps and limits.
 * It plays through the timeline's events on `window` (see timeline.js), and takes the time from there.
 * A point of another clip opens that clip (see clip_input.js); Python then sends the same map with the rows of that clip first.
 * To Python: the events 'picked' {row}, a point that the person chose, 'isolated' {row}, one whose neighbours are wanted (they
 * come as 'audioscope:neighbours' on `window`), and 'recoloured' {colour}, the colouring of a saved view.
 */

import {choose, onLooped, onTime, play} from './point_selection.js';
import {measure} from './drawing.js';
import {KEY_ZOOM, onKey} from './keyboard.js';
import {receive} from './messages.js';
import {findPoints, isolate, onNeighbours, onSearchKey} from './narrowing.js';
import {clearButton, find, lassoButton, legend, nearButton, over, root, search, stage, state} from './page.js';
import {lassoOn, listenToPointers, showTip} from './pointers.js';
import {saveView} from './saved_views.js';
import {readTheme} from './theme.js';
import {drag, fit, moved, zoomAt} from './view.js';

listenToPointers();
over.addEventListener('keydown', onKey);
over.addEventListener('blur', () => showTip(-1));
clearButton.addEventListener('click', () => choose(null));
lassoButton.addEventListener('click', () => {
  lassoButton.setAttribute('aria-pressed', String(!lassoOn()));
  moved();
});
find('in').addEventListener('click', () => zoomAt(KEY_ZOOM));
find('out').addEventListener('click', () => zoomAt(1 / KEY_ZOOM));
search.addEventListener('input', findPoints);
search.addEventListener('keydown', onSearchKey);
nearButton.addEventListener('click', () => isolate(state.around < 0 ? state.picked : -1));
find('save').addEventListener('click', saveView);
find('fit').addEventListener('click', fit);
legend.addEventListener('click', event => {
  const name = event.target.closest('button')?.dataset.name;
  if (name !== undefined) choose(Uint8Array.from(state.map.colours, colour => colour === Number(name)));
});
new ResizeObserver(measure).observe(stage);
new MutationObserver(readTheme).observe(document.body, {attributes: true, attributeFilter: ['class']});
window.addEventListener('audioscope:time', onTime);
window.addEventListener('audioscope:looped', onLooped);
window.addEventListener('audioscope:neighbours', onNeighbours);
root.map = {state, drag, play, choose};
onLooped({detail: document.querySelector('.as-timeline')?.timeline?.state.loop}); // it may be older than this tab
watch('value', receive);
receive();
