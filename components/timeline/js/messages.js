/* What Python sends: clips, tracks and commands. */

import {clock} from '../../page/time_format.js';
import {bytesOf} from '../../page/numbers.js';
import {draw} from './drawing.js';
import {fileUrl} from '../../page/file_url.js';
import {state, ui, view} from './page.js';
import {offerParts} from './listening.js';
import {bringIntoView, dispatchTime, jump, markCurrent, togglePlay} from './playback.js';
import {dropTrack, labelRow, placeRows} from './rows.js';
import {select, setLoop} from './selection.js';
import {Tiles} from './tiles.js';
import {measure} from './timeline.js';
import {Track, countOf} from './track.js';

/**
 * A value is {token, clip} (show this clip, or none) or {token, feed, tab, tracks, commands}: tracks of a
 * tab by id as the texts of tracks.py, null to remove a track, and the commands of the feed so far, as JSON.
 * {feeds} holds several of the latter.
 */
export function receive() {
  const value = props.value;
  if (!value) return;
  if ('clip' in value) return showClip(value.clip && JSON.parse(value.clip));
  for (const feed of value.feeds ?? [value]) receiveFeed(feed);
}

function receiveFeed(value) {
  if (!state.clip || value.token !== state.clip.token) return;
  for (const [id, text] of Object.entries(value.tracks)) receiveTrack(id, text, value.tab);
  placeRows();
  tracksChanged();
  markCurrent();
  const commands = JSON.parse(value.commands);
  for (const command of commands.slice(state.done.get(value.feed) ?? 0)) execute(command);
  state.done.set(value.feed, commands.length);
}

function receiveTrack(id, text, tab) {
  if (text === null) return dropTrack(id);
  const track = state.tracks.get(id) ?? new Track(id, () => draw(id));
  track.tab = tab;
  if (!track.update(text)) return;
  state.tracks.set(id, track);
  labelRow(track);
  draw(id);
}

/** Tell the switches of the player and the rest of the page which tracks there are. */
function tracksChanged() {
  offerParts();
  const ids = [...state.tracks.values()].filter(countOf).map(track => track.id);
  window.dispatchEvent(new CustomEvent('audioscope:tracks', {detail: {ids}}));
}

function execute(command) {
  if (command.name === 'seek') {
    jump(command.time);
    bringIntoView(command.time, command.time);
    if (command.play && ui.audio.paused) togglePlay();
  } else if (command.name === 'loop') {
    setLoop(command.start, command.end);
  } else if (command.name === 'select') {
    const track = state.tracks.get(command.track);
    if (!track || command.index >= countOf(track)) return;
    const {start, end} = select(track, command.index);
    jump(start);
    bringIntoView(start, end);
  }
}

/** Channels in words. */
const channelWord = channels => ({1: 'mono', 2: 'stereo'})[channels] ?? `${channels} channels`;

function decodeTile(kind, base64) {
  const bytes = bytesOf(base64);
  return kind === 'mel' ? {bytes} : new Int8Array(bytes.buffer);
}

function showClip(clip) {
  if (clip && state.clip?.token === clip.token) return;
  for (const id of [...state.tracks.keys()]) dropTrack(id);
  placeRows();
  tracksChanged();
  ui.audio.pause();
  setLoop(null);
  Object.assign(state, {clip, time: 0, follow: true, active: null, done: new Map(), anchor: {audio: 0, clock: 0}});
  ui.root.dataset.empty = String(!clip);
  ui.play.disabled = ui.loopButton.disabled = ui.spectrumButton.disabled = !clip;
  if (!clip) return ui.audio.removeAttribute('src');
  state.tiles = new Tiles(
    props.tile_layout,
    query => server.tiles({token: clip.token, ...query}),
    decodeTile,
    () => draw('wave'),
  );
  state.tiles.putOverview(clip.overview);
  view.duration = clip.duration;
  ui.audio.src = fileUrl(clip.url);
  ui.name.textContent = clip.name;
  ui.name.title = clip.name;
  ui.facts.textContent = ` / ${clock(clip.duration)} · ${channelWord(clip.channels)} · ${+(clip.sampleRate / 1000).toFixed(2)} kHz`;
  ui.slider.setAttribute('aria-valuemax', String(clip.duration));
  labelSound();
  measure();
  view.show(0, clip.duration);
  dispatchTime();
  draw();
}

export function labelSound() {
  const what = state.spectrum ? 'Log-mel spectrogram' : 'Waveform';
  ui.wave.setAttribute('aria-label', `${what} of ${state.clip?.name ?? 'no clip'}`);
}
