/* Rows of tracks. */

import {clock} from '../../page/time_format.js';
import {openTab} from '../../page/tabs.js';
import {draw} from './drawing.js';
import {state, ui} from './page.js';
import {select} from './selection.js';
import {countOf, extentOf, hasFrames} from './track.js';

const ROW_ORDER = ['spans', 'words', 'labels', 'points', 'notes', 'heatmap', 'colours', 'pictures'];

/** The row of a track, made when the track first comes, in the order of kinds. */
function rowOf(track) {
  if (state.rows.has(track.id)) return state.rows.get(track.id);
  const row = document.createElement('div');
  row.className = 'as-row';
  row.dataset.track = track.id;
  const made = {row, button: document.createElement('button'), canvas: document.createElement('canvas')};
  made.button.type = 'button';
  made.button.className = 'as-fold';
  made.button.setAttribute('aria-expanded', 'true');
  made.button.append(document.createElement('span'));
  made.canvas.setAttribute('role', 'img');
  row.append(made.button, made.canvas);
  made.button.addEventListener('click', () => fold(track));
  made.button.addEventListener('focus', () => {
    if (state.active !== track.id) select(track, -1);
  });
  state.rows.set(track.id, made);
  return made;
}

/** The open tab's own tracks come first. Those of the others fold away behind one line, if there are any of its own. */
export function placeRows() {
  const tab = openTab();
  const rank = track => ROW_ORDER.indexOf(track.head.kind);
  const tracks = [...state.tracks.values()].sort((a, b) => rank(a) - rank(b));
  const own = tracks.filter(track => track.tab === tab);
  const others = own.length ? tracks.filter(track => track.tab !== tab) : [];
  const row = track => rowOf(track).row;
  const placed = [...(own.length ? own : tracks).map(row), ui.others, ...others.map(row)];
  placed.forEach((each, place) => {
    if (ui.rows.children[place] !== each) ui.rows.insertBefore(each, ui.rows.children[place] ?? null);
  });
  ui.others.hidden = !others.length;
  ui.others.textContent = `Also: ${others.map(track => track.head.name).join(', ')}`;
  ui.others.title = ui.others.textContent;
  ui.others.setAttribute('aria-expanded', String(state.showsOthers));
  for (const track of tracks) row(track).hidden = others.includes(track) && !state.showsOthers;
  draw();
}

export function toggleOthers() {
  state.showsOthers = !state.showsOthers;
  placeRows();
}

export function labelRow(track) {
  const {row, button, canvas} = rowOf(track);
  const count = countOf(track);
  const unit = hasFrames(track) ? 'frames' : 'items';
  button.firstChild.textContent = track.head.name;
  button.title = track.head.name;
  row.dataset.kind = track.head.kind;
  const extent = count
    ? `, ${clock(extentOf(track, 0)[0])} to ${clock(hasFrames(track) ? extentOf(track, count - 1)[1] : track.reach.at(-1))}`
    : '';
  canvas.setAttribute('aria-label', `${track.head.name}: ${count} ${unit}${extent}`);
}

function fold(track) {
  track.folded = !track.folded;
  foldRow(rowOf(track).row, track.folded);
  draw(track.id);
}

export function foldRow(row, folded) {
  row.querySelector('.as-fold').setAttribute('aria-expanded', String(!folded));
  if (folded) row.dataset.folded = 'true';
  else delete row.dataset.folded;
}

export function dropTrack(id) {
  state.rows.get(id)?.row.remove();
  state.rows.delete(id);
  state.tracks.delete(id);
  if (state.active === id) state.active = null;
}
