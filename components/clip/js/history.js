/* Which clips this browser had last; the clips themselves are on the server until their age limit. */

import {part, randomHex} from './clip_bar.js';
import {openMenu} from './menus.js';

const HISTORY_KEY = 'audioscope-history';
const MAX_HISTORY = 20;
const ID_BYTES = 6;

/** Entries {hash, name, duration, time, id}, the newest first; `id` stands for the clip in this browser's addresses. */
function readHistory() {
  try {
    const entries = JSON.parse(localStorage.getItem(HISTORY_KEY) ?? '[]');
    return Array.isArray(entries) ? entries : [];
  } catch {
    return [];
  }
}

function writeHistory(entries) {
  localStorage.setItem(HISTORY_KEY, JSON.stringify(entries.slice(0, MAX_HISTORY)));
  showHistory();
}

/** Put a clip at the top; return its id. */
export function remember(clip) {
  const known = readHistory();
  const id = known.find(entry => entry.hash === clip.hash)?.id ?? randomHex(ID_BYTES);
  writeHistory([{...clip, time: Date.now(), id}, ...known.filter(entry => entry.hash !== clip.hash)]);
  return id;
}

/** The clip with this id; undefined in another browser. */
export const clipOfId = id => readHistory().find(entry => entry.id === id);

/** Remove a clip; return its id. */
export function forget(hash) {
  const known = readHistory();
  writeHistory(known.filter(entry => entry.hash !== hash));
  return known.find(entry => entry.hash === hash)?.id;
}

export function showHistory() {
  const entries = readHistory();
  part('history-button').hidden = entries.length === 0;
  part('history').replaceChildren(...entries.map(historyRow));
  if (entries.length === 0) openMenu(null);
}

function historyRow(entry) {
  const row = document.createElement('li');
  const open = document.createElement('button');
  const name = document.createElement('b');
  const facts = document.createElement('span');
  const remove = document.createElement('button');
  open.type = remove.type = 'button';
  open.dataset.hash = remove.dataset.forget = entry.hash;
  open.dataset.name = name.textContent = entry.name;
  facts.textContent = `${Number(entry.duration).toFixed(1)} s · ${new Date(entry.time).toLocaleString()}`;
  remove.className = 'clip-forget';
  remove.textContent = '×';
  remove.setAttribute('aria-label', `Delete ${entry.name}`);
  open.append(name, facts);
  row.append(open, remove);
  return row;
}
