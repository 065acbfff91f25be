/* What Python sends, and the legend. */

import {bytesOf} from '../../page/numbers.js';
import {showNarrowing} from './narrowing.js';
import {showChoice, showNow} from './point_selection.js';
import {count, find, legend, nearButton, over, root, search, state} from './page.js';
import {boxOf} from './projection.js';
import {listViews} from './saved_views.js';
import {rowsWithin} from './time_ranges.js';
import {readTheme} from './theme.js';
import {fit} from './view.js';

const MAX_LEGEND_NAMES = 14;

export function receive() {
  const value = props.value;
  root.dataset.empty = String(!value);
  if (!value) return forget();
  const another = state.map?.id !== value.id;
  const turned = state.map?.hashes[0] !== value.hashes[0];
  const map = (state.map = {...value});
  map.points = new Int16Array(bytesOf(value.points).buffer);
  map.times = new Float32Array(bytesOf(value.times).buffer);
  map.colours = bytesOf(value.colours);
  nearButton.hidden = value.near === '';
  map.near = value.near && new Uint16Array(bytesOf(value.near).buffer);
  map.textOf = new Uint16Array(bytesOf(value.textOf).buffer);
  if (another || turned) {
    Object.assign(state, {picked: -1, around: -1, isolated: null});
    search.value = count.textContent = '';
    showNarrowing();
  }
  map.box = boxOf({...map, isolated: state.isolated});
  const rows = map.times.length;
  if (another) {
    Object.assign(state, {x: new Float32Array(rows), y: new Float32Array(rows), depth: new Uint8Array(rows), hover: -1});
    fit();
  }
  if (another || turned) showChoice(rowsWithin(state.stretches, state.map));
  over.setAttribute('aria-label', map.description);
  find('hint').textContent = map.hint;
  if (!state.stretches.length) showNow();
  showLegend();
  listViews();
  readTheme();
}

function forget() {
  state.map = state.chosen = null;
  legend.replaceChildren();
}

function showLegend() {
  const {names, label, low, high} = state.map;
  const title = document.createElement('span');
  title.textContent = label;
  const rest = names.length > MAX_LEGEND_NAMES ? look.moreNames.replace('{}', names.length - MAX_LEGEND_NAMES) : '';
  legend.replaceChildren(
    title,
    ...names.slice(0, MAX_LEGEND_NAMES).map((name, i) => {
      const button = document.createElement('button');
      const swatch = document.createElement('i');
      button.type = 'button';
      button.title = look.onlyThis;
      button.dataset.name = i;
      swatch.dataset.colour = i;
      button.append(swatch, name);
      return button;
    }),
    ...(names.length ? [rest] : [low, document.createElement('b'), high]),
  );
}
