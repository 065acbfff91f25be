/* Views that the person saved: rotation, zoom, colouring and what is isolated. They stay in this browser. */

import {StoredList} from '../../page/stored_list.js';
import {unit} from './drawing.js';
import {find, state, viewList} from './page.js';
import {isolate} from './narrowing.js';
import {layoutViews, withViews} from './view_store.js';
import {moved} from './view.js';

const stored = new StoredList('audioscope-map-views', 1);

/** Keep the views of this map, and list them. */
function keep(views) {
  stored.write(withViews(stored.read(), state.map.layout, views));
  listViews();
}

/** Save what is on the screen; places are in units of the map, for a window of another size. */
export function saveView() {
  const {zoom, left, top, yaw, pitch, around, map} = state;
  const view = {zoom, left: left / unit(), top: top / unit(), yaw, pitch, around, colour: map.colour, label: map.label};
  keep([...layoutViews(stored.read(), map.layout), view]);
}

function returnTo({zoom, left, top, yaw, pitch, around, colour}) {
  isolate(around < state.map.times.length ? around : -1, () => {
    Object.assign(state, {zoom, left: left * unit(), top: top * unit(), yaw, pitch});
    moved();
  });
  if (colour !== state.map.colour) trigger('recoloured', {colour});
}

/** List the saved views of this map: a button returns to each, another deletes it. */
export function listViews() {
  const views = layoutViews(stored.read(), state.map.layout);
  viewList.replaceChildren(
    stored.isNewer() ? look.newerViews : '',
    ...views.flatMap((view, i) => {
      const back = document.createElement('button');
      back.type = 'button';
      back.textContent = `${look.view} ${i + 1} · ${view.label}`;
      back.addEventListener('click', () => returnTo(view));
      const remove = document.createElement('button');
      remove.type = 'button';
      remove.textContent = '×';
      remove.setAttribute('aria-label', `${look.deleteView} ${i + 1}`);
      remove.addEventListener('click', () => {
        keep(views.filter(one => one !== view));
        find('save').focus();
      });
      return [back, remove];
    }),
  );
}
