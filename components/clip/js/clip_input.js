/*
 * The clip bar: upload, drop, paste, link, record, examples, history, export, and cutting the loop out of the clip.
 *
 * Gradio runs the joined modules once, with `element`, `trigger`, `props`, `watch` and `upload`.
 * On `window`: 'audioscope:open' {hash, name, time?} opens a clip, and with `time` plays it from there;
 * 'audioscope:select' {track, channel} opens another track or side of it.
 */

import {storeFile} from '../../page/stored_file.js';
import {isLastRequest, part, send, showNote} from './clip_bar.js';
import {followAddress, nameClip, unnameClip} from './address.js';
import {added, listenToFiles, opened} from './given_files.js';
import {listenToFetchStop, showFetched} from './fetching.js';
import {forget, remember, showHistory} from './history.js';
import {holdPresses} from './held_press.js';
import {LatestClip} from './latest_clip.js';
import {warnBeforeLeaving} from './leaving.js';
import {showTempo} from './live_tempo.js';
import {closeMenu, listenToMenus} from './menus.js';
import {recordButton, toggleRecording} from './recording.js';

const cutButton = part('cut');
let loop = null;
let opening = null; // a clip that another part of the page asked for: {hash, name, time?}

const latest = new LatestClip(clip => send('reopened', clip));

/** Play the opened clip; the timeline gets it at the same time, but perhaps after this script. */
function playOpened() {
  const {time} = opening;
  opening = null;
  if (time !== undefined)
    setTimeout(() => window.dispatchEvent(new CustomEvent('audioscope:seek', {detail: {time, play: true}})));
}

listenToFiles();
listenToMenus();
listenToFetchStop();
holdPresses();
recordButton.addEventListener('click', toggleRecording);
window.addEventListener('audioscope:looped', event => {
  loop = event.detail;
  cutButton.hidden = loop?.parts.length !== 1;
});
cutButton.addEventListener('click', () => {
  showNote('Cutting …', 'opening');
  send('cut', loop);
});
window.addEventListener('audioscope:tracks', ({detail}) => {
  part('export-button').hidden = detail.ids.length === 0;
  if (!detail.ids.length) closeMenu('export');
});
window.addEventListener('audioscope:open', ({detail}) => {
  opening = detail;
  showNote(`Loading ${detail.name} …`, 'opening');
  send('reopened', detail);
});
window.addEventListener('audioscope:select', ({detail}) => {
  showNote('Loading …', 'opening');
  send('selected', detail);
});
watch('value', () => {
  const {note: text = '', kind, clip, gone, fetched, file, tempo, wish, tab} = props.value ?? {};
  if ('added' in (props.value ?? {})) return added(props.value.added);
  if (tempo) return showTempo(tempo);
  if (fetched) {
    if (isLastRequest(wish)) showFetched(fetched);
    return;
  }
  opened(kind !== 'error');
  if (clip && !latest.accept({...clip, tab}, wish)) return;
  showNote(text, kind);
  showFetched(null);
  if (clip) {
    nameClip(remember(clip));
    cutButton.hidden = true;
    if (opening?.hash === clip.hash) playOpened();
  }
  if (file) storeFile(file);
  if (gone) forget(gone);
  if (kind === 'error') unnameClip();
});
showHistory();
warnBeforeLeaving();
send('arrived', {});
followAddress();
