/* Playing rows, and the rows chosen to be played in a loop. */

import {draw} from './drawing.js';
import {clearButton, live, nearButton, now, root, state} from './page.js';
import {clipOf, describe, rowAt} from './rows.js';
import {rowsWithin, stretchesOf, widened} from './time_ranges.js';

/** Send an event to the rest of the page. */
export const dispatch = (name, detail) => window.dispatchEvent(new CustomEvent('audioscope:' + name, {detail}));

/** Play the moment of a row, in whichever clip it is. */
export function play(row) {
  if (state.chosen && !state.chosen[row]) choose(null);
  trigger('picked', {row});
  state.picked = row;
  nearButton.disabled = false;
  const {times, hop, own, hashes, clips} = state.map;
  const time = Math.max(times[row] - hop / 2, 0);
  const clip = clipOf(row);
  if (row >= own) return dispatch('open', {hash: hashes[clip], name: clips[clip], time});
  dispatch('seek', {time, play: true});
}

/** Play only the rows that have 1 in `rows`, one stretch after another, in a loop; null plays everything. */
export function choose(rows) {
  const stretches = rows ? stretchesOf(rows, state.map, look.join) : [];
  const parts = widened(stretches, look.shortest, state.map?.duration);
  state.choosing = rows?.some(Boolean) ? rows : null;
  if (parts.length || state.stretches.length) dispatch('loop', {start: parts[0]?.[0] ?? null, end: parts.at(-1)?.[1], parts});
  else showChoice(state.choosing);
  state.choosing = null;
  if (state.stretches.length) dispatch('seek', {time: state.stretches[0][0], play: true});
}

/** The loop of the timeline is the choice: what was chosen here is looped there, and what is looped there is chosen here. */
export function onLooped({detail}) {
  state.stretches = detail?.parts ?? [];
  if (state.map) showChoice(state.choosing ?? rowsWithin(state.stretches, state.map));
}

/** Mark the rows that are chosen, and say how much of the clip they are. */
export function showChoice(rows) {
  const {stretches} = state;
  state.chosen = rows;
  clearButton.hidden = !rows;
  draw('base');
  if (!stretches.length) return showNow();
  const seconds = stretches.reduce((sum, [start, end]) => sum + end - start, 0);
  const parts = stretches.length > 1 ? look.stretches.replace('{}', stretches.length) : look.stretch;
  live.textContent = look.looped.replace('{parts}', parts).replace('{seconds}', seconds.toFixed(1));
  now.textContent = live.textContent;
}

export function onTime({detail: {time, playing}}) {
  if (!state.map || !root.offsetParent) return;
  Object.assign(state, {time, playing});
  const row = rowAt(time);
  if (row !== state.row && !state.stretches.length) showNow();
  state.row = row;
  draw('over');
}

/** The line below the map: the moment under the playhead. */
export function showNow() {
  now.textContent = state.map ? describe(rowAt(state.time)) : '';
}
