/* The panel that opens clips, and the menus of the history and of exports. */

import {part, send, showNote} from './clip_bar.js';
import {leaveClip} from './address.js';
import {forget} from './history.js';
import {listenToPanel} from './open_panel.js';

const MENUS = ['open', 'history', 'export'];

/** Open one of the menus, or close them for null. */
function openMenu(wanted) {
  for (const name of MENUS) {
    part(name).hidden = name !== wanted;
    part(`${name}-button`).setAttribute('aria-expanded', String(name === wanted));
  }
  if (wanted) part(wanted).querySelector('button')?.focus();
}

/** Close a menu that has lost its entries, if it is the open one. */
export function closeMenu(name) {
  if (!part(name).hidden) openMenu(null);
}

function closeAll() {
  const open = MENUS.find(name => !part(name).hidden);
  openMenu(null);
  if (open) part(`${open}-button`).focus();
}

export function listenToMenus() {
  for (const name of MENUS) {
    part(`${name}-button`).addEventListener('click', () => openMenu(part(name).hidden ? name : null));
  }
  listenToPanel(closeAll);
  part('history').addEventListener('click', event => {
    const {hash, name, forget: forgotten} = event.target.closest('button')?.dataset ?? {};
    if (forgotten) {
      leaveClip(forget(forgotten));
      send('forgotten', {hash: forgotten});
    } else if (hash) {
      closeAll();
      showNote(`Loading ${name} …`, 'opening');
      send('reopened', {hash, name});
    }
  });
  part('export').addEventListener('click', event => {
    const button = event.target.closest('button');
    if (!button) return;
    closeAll();
    showNote(`Writing ${button.querySelector('b').textContent} …`);
    send('exported', {format: button.dataset.format});
  });
  element.addEventListener('keydown', event => {
    if (event.key === 'Escape') closeAll();
  });
  document.addEventListener('click', event => {
    if (!event.composedPath().includes(element)) openMenu(null);
  });
}
