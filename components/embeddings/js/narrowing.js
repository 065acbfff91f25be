/* Searching points, and showing the neighbours of one alone: those of the embedding, which Python finds or sends with the map. */

import {count, nearButton, search, state} from './page.js';
import {choose, showChoice} from './point_selection.js';
import {neighboursIn, rowSet, rowsMatching} from './point_sets.js';
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

let onAlone = fit;

/** Show the neighbours of row `around` alone, then call `then`; -1 shows all points. */
export function isolate(around, then = fit) {
  const {map} = state;
  state.around = nearButton.hidden ? -1 : around;
  onAlone = then;
  showNarrowing();
  if (state.around < 0) showAlone(null);
  else if (map.near) showAlone(neighboursIn(map.near, around, map.times.length));
  else trigger('isolated', {row: around});
}

/** Take the neighbours that Python found, unless others are wanted meanwhile. */
export function onNeighbours({detail}) {
  if (detail?.map === state.map?.id && detail?.row === state.around) showAlone(detail.rows);
}

function showAlone(rows) {
  const {map, around} = state;
  state.isolated = rows && rowSet([around, ...rows], map.times.length);
  map.box = boxOf({...map, isolated: state.isolated});
  onAlone();
}

/** Show on the buttons what is isolated, and whether there is a chosen point. */
export function showNarrowing() {
  nearButton.disabled = state.picked < 0 && state.around < 0;
  nearButton.setAttribute('aria-pressed', String(state.around >= 0));
}
