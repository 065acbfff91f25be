/* The panel in which a clip is opened: a file, a link or an example; and the switch that runs the open tab on what is opened. */

import {openTab, showTab} from '../../page/tabs.js';
import {part, send, showNote} from './clip_bar.js';
import {showFetched} from './fetching.js';

const RUN_KEY = 'audioscope-run-open-tab';
const LINK = /^https?:\/\/\S+$/i;

const runSwitch = part('run').querySelector('input');

/** The tab whose job is wanted on a clip that is opened now; '' for none. */
export const wantedTab = () => (runSwitch.checked ? (openTab() ?? '') : '');

/** Let the server open what lies behind a link. */
export function openLink(link) {
  showNote(`Fetching ${URL.parse(link)?.host ?? 'the link'} …`, 'opening');
  showFetched({});
  send('linked', {link, tab: wantedTab()});
}

export const isLink = text => LINK.test(text);

/** `close` hides the panel where it covers the page. */
export function listenToPanel(close) {
  part('examples').addEventListener('click', event => {
    const button = event.target.closest('button');
    if (!button) return;
    close();
    showNote(`Loading ${button.querySelector('b').textContent} …`, 'opening');
    showTab(button.dataset.tab);
    send('example', {index: Number(button.dataset.index)});
  });
  part('link')?.addEventListener('submit', event => {
    event.preventDefault();
    const field = event.target.elements.link;
    close();
    openLink(field.value.trim());
    field.value = '';
  });
  part('drop-zone').addEventListener('click', () => part('file').click());
  runSwitch.checked = localStorage.getItem(RUN_KEY) === 'true';
  runSwitch.addEventListener('change', () => localStorage.setItem(RUN_KEY, String(runSwitch.checked)));
}
