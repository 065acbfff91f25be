/* Which clips this browser had last; the clips themselves are on the server until their age limit. */

import {StoredList} from '../../page/stored_list.js';
import {accountKey, part, randomHex} from './clip_bar.js';
import {closeMenu} from './menus.js';

const MAX_HISTORY = 20;
const ID_BYTES = 6;
const NEWER = 'A newer version of Audioscope wrote the history of this browser: it is kept, and not shown here.';

/** Entries {hash, name, duration, time, id}, the newest first; `id` stands for the clip in this browser's addresses. */
const stored = new StoredList(accountKey('audioscope-history'), 1);

function writeHistory(entries) {
  stored.write(entries.slice(0, MAX_HISTORY));
  showHistory();
}

/** Put a clip at the top; return its id. */
export function remember(clip) {
  const known = stored.read();
  const id = known.find(entry => entry.hash === clip.hash)?.id ?? randomHex(ID_BYTES);
  writeHistory([{...clip, time: Date.now(), id}, ...known.filter(entry => entry.hash !== clip.hash)]);
  return id;
}

/** The clip with this id; undefined in another browser. */
export const clipOfId = id => stored.read().find(entry => entry.id === id);

/** Remove a clip; return its id. */
export function forget(hash) {
  const known = stored.read();
  writeHistory(known.filter(entry => entry.hash !== hash));
  return known.find(entry => entry.hash === hash)?.id;
}

export function showHistory() {
  const entries = stored.read();
  const list = part('history');
  const before = new Map([...list.querySelectorAll(':scope > [data-hash]')].map(row => [row.dataset.hash, row]));
  part('history-button').hidden = entries.length === 0 && !stored.isNewer();
  if (stored.isNewer() && !list.querySelector('.clip-newer')) list.append(newerRow());
  // A row stays the same element: it may be pressed just now.
  for (const [index, entry] of entries.entries()) {
    const row = before.get(entry.hash) ?? historyRow(entry.hash);
    before.delete(entry.hash);
    fillRow(row, entry);
    if (list.children[index] !== row) list.insertBefore(row, list.children[index]);
  }
  for (const row of before.values()) row.remove();
  if (part('history-button').hidden) closeMenu('history');
}

function historyRow(hash) {
  const row = document.createElement('li');
  const open = document.createElement('button');
  const remove = document.createElement('button');
  open.type = remove.type = 'button';
  row.dataset.hash = open.dataset.hash = remove.dataset.forget = hash;
  remove.className = 'clip-forget';
  remove.textContent = '×';
  open.append(document.createElement('b'), document.createElement('span'));
  row.append(open, remove);
  return row;
}

function newerRow() {
  const row = document.createElement('li');
  row.className = 'clip-newer';
  row.textContent = NEWER;
  return row;
}

function fillRow(row, entry) {
  const [open, remove] = row.children;
  const [name, facts] = open.children;
  open.dataset.name = name.textContent = entry.name;
  facts.textContent = `${Number(entry.duration).toFixed(1)} s · ${new Date(entry.time).toLocaleString()}`;
  remove.setAttribute('aria-label', `Delete ${entry.name}`);
}
