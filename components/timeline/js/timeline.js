/*
 * The timeline: player, waveform or spectrogram, and tracks on one time axis.
 *
 * Gradio runs the joined modules once, with `element`, `trigger`, `props`, `server` and `watch`. Python's values
 * arrive through `watch`; `receive` documents them. The state lives in page.js.
 *
 * On `window`, for other components of the page:
 *   audioscope:seek   in   {time, play?}            move the playhead, and play or pause
 *   audioscope:loop   in   {start, end, parts?}     loop a stretch, or only its parts [[start, end], ...]; start null clears it
 *   audioscope:caption in  {text}                   show the subtitle that belongs to the playhead, or '' for none
 *   audioscope:balance in  {balance}                0: the clip alone, 1: the notes alone
 *   audioscope:note   in   {pitch, velocity, seconds, isDrum} play a note by itself
 *   audioscope:tab    in   {tab}                    another tab was opened: its tracks come first
 *   audioscope:looped out  {start, end, parts}      what is looped now, or null
 *   audioscope:view   out                           another stretch of the clip is in view: root.timeline.view
 *   audioscope:time   out  {time, playing, duration} at each frame while playing, and after each seek and pause
 *   audioscope:tracks out  {ids}                    the tracks that have items, when they change
 *   audioscope:select out  {track, index, start, end, text}
 * To Python: the events 'seek' {time}, 'select' {track, index, start, end, text}, 'loop' {start, end}.
 */

import {readTheme} from './colours.js';
import {draw} from './drawing.js';
import {onKey} from './keyboard.js';
import {accompaniment, listenToSwitches, setBalance} from './listening.js';
import {receive} from './messages.js';
import {soundNote} from './note_sound.js';
import {find, state, ui, view} from './page.js';
import {advance, onEnded, onPlayState, seekByUser, togglePlay} from './playback.js';
import {listenToPointers} from './pointers.js';
import {foldRow, placeRows, toggleOthers} from './rows.js';
import {setLoop, showRange, toggleLoop, toggleSpectrogram, zoom, zoomByKey} from './selection.js';
import {watchSlim} from './slim_player.js';

export function measure() {
  view.width = Math.max(ui.ruler.clientWidth, 1);
  draw();
}

function onTheme() {
  state.theme = readTheme(ui.root);
  draw();
}

function onAudioError() {
  if (state.clip) ui.facts.textContent = ' · this browser cannot play the file';
}

function listen() {
  ui.play.addEventListener('click', togglePlay);
  ui.loopButton.addEventListener('click', toggleLoop);
  ui.spectrumButton.addEventListener('click', toggleSpectrogram);
  find('.as-in').addEventListener('click', () => zoomByKey(0.5));
  find('.as-out').addEventListener('click', () => zoomByKey(2));
  find('.as-fit').addEventListener('click', () => showRange(0, view.duration));
  ui.waveRow.querySelector('.as-fold').addEventListener('click', () => {
    foldRow(ui.waveRow, !ui.waveRow.dataset.folded);
    draw('wave');
  });
  ui.others.addEventListener('click', toggleOthers);
  listenToPointers();
  listenToSwitches();
  for (const type of ['play', 'pause', 'playing']) ui.audio.addEventListener(type, onPlayState);
  ui.audio.addEventListener('ended', onEnded);
  ui.audio.addEventListener('timeupdate', () => {
    if (state.playing && document.hidden) advance();
  });
  ui.audio.addEventListener('error', onAudioError);
}

/** Listeners beyond the element; they go when Gradio takes the element away. */
function listenOutside() {
  const gone = new AbortController();
  const on = (target, type, handler) => target.addEventListener(type, handler, {signal: gone.signal});
  on(document, 'keydown', onKey);
  on(window, 'audioscope:seek', ({detail}) => {
    if (!state.clip || !Number.isFinite(detail?.time)) return;
    seekByUser(detail.time);
    if ('play' in detail && detail.play === ui.audio.paused) togglePlay();
  });
  on(window, 'audioscope:loop', ({detail}) => {
    if (state.clip) setLoop(detail?.start ?? null, detail?.end, detail?.parts);
  });
  on(window, 'audioscope:caption', ({detail}) => {
    ui.caption.textContent = detail.text;
    ui.caption.hidden = !detail.text;
  });
  on(window, 'audioscope:balance', ({detail}) => setBalance(detail.balance));
  on(window, 'audioscope:note', ({detail}) => soundNote(detail));
  on(window, 'audioscope:tab', placeRows);
  const sizes = new ResizeObserver(measure);
  sizes.observe(ui.body);
  sizes.observe(ui.wave);
  const slim = watchSlim();
  const classes = new MutationObserver(onTheme);
  for (const target of [document.body, document.documentElement])
    classes.observe(target, {attributes: true, attributeFilter: ['class']});
  const presence = new MutationObserver(() => {
    if (element.isConnected) return;
    gone.abort();
    accompaniment.close();
    [sizes, slim, classes, presence].forEach(observer => observer.disconnect());
  });
  presence.observe(document.body, {childList: true, subtree: true});
}

state.theme = readTheme(ui.root);
listen();
listenOutside();
ui.root.timeline = {state, view, showRange, zoom, seek: seekByUser, accompaniment};
watch('value', receive);
receive();
