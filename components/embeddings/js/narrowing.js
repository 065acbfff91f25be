/* Searching points, and showing the neighbours of one alone. */

import {count, nearButton, search, state} from './page.js';
import {choose, showChoice} from './point_selection.js';
import {rowsAround, rowsMatching} from './point_sets.js';
import {boxOf} from './projection.js';
import {fit} from './view.js';

/** Mark the points that match what is typed. */
export function findPoints() {
  if (!state.map) return;
  const rows = rowsMatching(search.value, state.map);
  if (state.stretches.length) choose(null);
  showChoice(rows);
  count.textContent = rows
    ? [rows.reduce((sum, one) => sum + one, 0), rows.length].reduce((text, n) => text.replace('{}', n), look.found)
    : '';
}

/** Enter plays what was found, Escape forgets it. */
export function onSearchKey(event) {
  if (event.key === 'Escape') {
    search.value = '';
    findPoints();
  }
  if (event.key !== 'Enter' || !state.map) return;
  const rows = rowsMatching(search.value, state.map);
  if (rows?.some(Boolean)) choose(rows);
}

/** Show the neighbours of row `around` alone; -1 shows all points. */
export function isolate(around) {
  state.around = around;
  state.isolated = around < 0 ? null : rowsAround(around, look.neighbours, state.map);
  state.map.box = boxOf({...state.map, isolated: state.isolated});
  showNarrowing();
  fit();
}

/** Show on the buttons what is isolated, and whether there is a chosen point. */
export function showNarrowing() {
  nearButton.disabled = state.picked < 0 && state.around < 0;
  nearButton.setAttribute('aria-pressed', String(state.around >= 0));
}
