/* How far the download of a link has come, and its Stop. */

import {part, send} from './clip_bar.js';

const [fetchBar, fetchText, fetchStop] = part('fetch').children;

/** Show {text, share}, the share from 0 to 1 or null; null for no download. */
export function showFetched(fetched) {
  part('fetch').hidden = !fetched;
  fetchText.textContent = fetched?.text ?? '';
  if (typeof fetched?.share === 'number') fetchBar.value = fetched.share;
  else fetchBar.removeAttribute('value');
}

/** Let Stop end the download. */
export function listenToFetchStop() {
  fetchStop.addEventListener('click', () => {
    showFetched(null);
    send('halted', {});
  });
}
