/*
 * The address names the open clip and tab, so that Reload, Back and Forward lead to them: ?clip=<id>&tab=<tab>.
 *
 * The id is known to the history of this browser alone, and the server opens a clip only for the browser that has it.
 */

import {send, showNote} from './clip_bar.js';
import {clipOfId} from './history.js';
import {showTab} from '../../page/tabs.js';

const FIRST_TAB = 'transcribe';
const NOT_HERE = 'This clip opens only in its own browser.';

let shownId = '';

/** Keep clip and tab in step with the address. */
export function followAddress() {
  window.addEventListener('audioscope:tab', ({detail: {tab}}) => visit({...named(), tab}));
  window.addEventListener('popstate', show);
  show();
}

/** Note that the clip with this id is open, '' for none. */
export function nameClip(id) {
  shownId = id;
  visit({...named(), id});
}

/** Note that the clip of the address is gone. */
export function unnameClip() {
  if (named().id !== shownId) write({...named(), id: shownId}, 'replaceState');
}

/** Take a clip that was deleted out of the address, if it is the open one. */
export function leaveClip(id) {
  if (id !== shownId) return;
  shownId = '';
  unnameClip();
}

function named() {
  const query = new URLSearchParams(location.search);
  return {id: query.get('clip') ?? '', tab: query.get('tab') ?? FIRST_TAB};
}

/** Go to a clip and tab, from which Back leads here. */
function visit(place) {
  const {id, tab} = named();
  if (place.id !== id || place.tab !== tab) write(place, 'pushState');
}

function write({id, tab}, method) {
  const address = new URL(location.href);
  for (const [name, value] of Object.entries({clip: id, tab: tab === FIRST_TAB && !id ? '' : tab})) {
    if (value) address.searchParams.set(name, value);
    else address.searchParams.delete(name);
  }
  history[method](history.state, '', address);
}

/** Show what the address names. */
function show() {
  const {id, tab} = named();
  showTab(tab);
  if (id === shownId) return;
  const clip = clipOfId(id);
  if (clip) {
    showNote(`Loading ${clip.name} …`, 'opening');
    send('reopened', {hash: clip.hash, name: clip.name});
  } else if (id) {
    unnameClip();
    showNote(NOT_HERE, 'error');
  } else {
    shownId = '';
    send('closed', {});
  }
}
