/* Zoom and scroll, the loop, and the selected item. */

import {clock} from '../../page/time_format.js';
import {clamp, lowerBound} from '../../page/numbers.js';
import {draw, placeLoop} from './drawing.js';
import {labelSound} from './messages.js';
import {state, ui, view} from './page.js';
import {seekByUser} from './playback.js';
import {extentOf, hasFrames} from './track.js';

const MIN_LOOP_SECONDS = 0.02;

/** The person looks elsewhere: the playhead is followed only while it is in sight. */
export function viewChanged() {
  state.follow = view.has(state.time);
  draw();
}

/** Show `span` seconds from `start`. */
export function showRange(start, span) {
  view.show(start, span);
  viewChanged();
}

/** `time` stays where it is on the screen. */
export function zoom(factor, time) {
  view.showAt(time, view.x(time), view.span * factor);
  viewChanged();
}

/** Zoom about the playhead, or the middle when it is out of sight. */
export function zoomByKey(factor) {
  zoom(factor, view.has(state.time) ? state.time : view.start + view.span / 2);
}

export function setLoop(start, end, parts = [[start, end]]) {
  const valid = start !== null && end - start >= MIN_LOOP_SECONDS;
  const inside = time => clamp(time, 0, view.duration);
  state.loop = valid ? {start: inside(start), end: inside(end), parts: parts.map(part => part.map(inside))} : null;
  placeLoop();
  window.dispatchEvent(new CustomEvent('audioscope:looped', {detail: state.loop && {...state.loop}}));
}

export function sendLoop() {
  trigger('loop', state.loop ? {...state.loop} : {start: null, end: null});
  ui.live.textContent = state.loop ? `Loop from ${clock(state.loop.start)} to ${clock(state.loop.end)}` : 'Loop off';
}

/** L: loop what is selected, else what is in view; again: no loop. */
export function toggleLoop() {
  if (!state.clip) return;
  const track = state.tracks.get(state.active);
  const [start, end] = track && track.selected >= 0 ? extentOf(track, track.selected) : [0, 0];
  if (state.loop) setLoop(null);
  else if (end - start >= MIN_LOOP_SECONDS) setLoop(start, end);
  else setLoop(view.start, view.end);
  sendLoop();
}

export function toggleSpectrogram() {
  state.spectrum = !state.spectrum;
  ui.spectrumButton.setAttribute('aria-pressed', String(state.spectrum));
  ui.waveRow.querySelector('.as-fold span').textContent = state.spectrum ? 'Spectrogram' : 'Waveform';
  labelSound();
  draw('wave');
}

export function select(track, index) {
  const old = state.tracks.get(state.active);
  if (old) old.selected = -1;
  if (old) draw(old.id);
  state.active = track?.id ?? null;
  if (!track) return;
  track.selected = index;
  draw(track.id);
  if (index < 0) return;
  const [start, end] = extentOf(track, index);
  const detail = {track: track.id, index, start, end, text: track.kind.describe(track, index)};
  window.dispatchEvent(new CustomEvent('audioscope:select', {detail}));
  return detail;
}

/** Up and down: the item before or after, on the track last touched. */
export function selectNext(step) {
  const track =
    state.tracks.get(state.active) ?? [...state.tracks.values()].find(each => !hasFrames(each) && each.items.length);
  if (!track || hasFrames(track) || !track.items.length) return;
  const here = track.selected >= 0 ? track.selected + step : Math.max(lowerBound(track.starts, state.time), 0);
  const detail = select(track, clamp(here, 0, track.items.length - 1));
  trigger('select', detail);
  seekByUser(detail.start);
  ui.live.textContent = `${track.head.name}: ${detail.text}`;
}
