/* Playing, seeking, and following the sound. */

import {clock, spokenTime} from '../../page/time_format.js';
import {clamp} from '../../page/numbers.js';
import {draw} from './drawing.js';
import {state, ui, view} from './page.js';
import {frameAt, hasFrames} from './track.js';

const MAX_GUESS_SECONDS = 0.1; // between two readings of the audio element's clock
const SETTLE_MS = 150; // after the last seek

/**
 * The time of the sound now. The element's own clock moves in steps in some browsers: between two readings
 * time goes on by the page's clock, never further than MAX_GUESS_SECONDS.
 */
function soundTime() {
  const {audio} = ui;
  const clockNow = performance.now();
  if (audio.currentTime !== state.anchor.audio) state.anchor = {audio: audio.currentTime, clock: clockNow};
  const gone = audio.paused || audio.seeking || audio.readyState < 3 ? 0 : (clockNow - state.anchor.clock) / 1000;
  return Math.min(state.anchor.audio + Math.min(gone * audio.playbackRate, MAX_GUESS_SECONDS), view.duration);
}

export function advance() {
  const time = soundTime();
  const next = partAfter(time);
  if (next) return jump(next[0]);
  state.time = time;
  followHead();
  markCurrent();
  dispatchTime();
}

/** The part of the loop that follows now: the sound has just run out of one, and not into another. */
function partAfter(time) {
  const parts = state.loop?.parts ?? [];
  const left = parts.findLastIndex(part => part[1] <= time);
  if (left < 0 || state.time > parts[left][1] + 0.5) return null;
  const next = parts[(left + 1) % parts.length];
  return time >= next[0] && time < next[1] ? null : next;
}

export function jump(time) {
  state.time = clamp(time, 0, view.duration);
  ui.audio.currentTime = state.time;
  state.anchor = {audio: state.time, clock: performance.now()};
  markCurrent();
  dispatchTime();
}

/** Turn the page when the playhead leaves it, unless the person is looking elsewhere. */
function followHead() {
  const inside = view.has(state.time);
  if (!state.follow) {
    state.follow = inside;
  } else if (!inside || (state.time > view.end - view.span * 0.04 && view.end < view.duration)) {
    view.show(state.time - view.span * 0.06, view.span);
    draw();
  }
}

export function togglePlay() {
  if (!state.clip) return;
  if (!ui.audio.paused) return ui.audio.pause();
  state.follow = true;
  if (state.time >= view.duration - 0.01) jump(state.loop?.start ?? 0);
  ui.audio.play().catch(() => {}); // the 'error' event says what went wrong
}

export function onPlayState() {
  state.playing = !ui.audio.paused && !ui.audio.ended;
  ui.play.setAttribute('aria-label', state.playing ? 'Pause' : 'Play');
  ui.root.dataset.playing = String(state.playing);
  if (!state.playing && state.clip) {
    state.time = ui.audio.ended ? view.duration : ui.audio.currentTime;
    announce();
    dispatchTime();
  }
  draw('head');
}

/** A loop that reaches the end goes on, though the element has stopped. */
export function onEnded() {
  if (!state.loop || state.loop.end < view.duration - 0.1) return onPlayState();
  jump(state.loop.start);
  ui.audio.play();
}

/** The item under the playhead is underlined: redraw where it changed. */
export function markCurrent() {
  for (const track of state.tracks.values()) {
    if (hasFrames(track) || !['spans', 'words', 'labels', 'pictures'].includes(track.head.kind)) continue;
    const current = track.at(state.time);
    if (current === track.current) continue;
    track.current = current;
    draw(track.id);
  }
}

export function dispatchTime() {
  const detail = {time: state.time, playing: state.playing, duration: view.duration};
  window.dispatchEvent(new CustomEvent('audioscope:time', {detail}));
  const second = String(Math.floor(state.time));
  if (!state.playing || ui.slider.getAttribute('aria-valuenow') !== second) {
    ui.slider.setAttribute('aria-valuenow', second);
    ui.slider.setAttribute('aria-valuetext', `${spokenTime(state.time)} of ${spokenTime(view.duration)}`);
  }
}

/** After a seek or a pause: describe what is under the playhead, once. */
function announce() {
  dispatchTime();
  const parts = [];
  for (const track of state.tracks.values()) {
    if (track.folded || ['points', 'colours'].includes(track.head.kind)) continue;
    const index = hasFrames(track) ? frameAt(track, state.time) : track.at(state.time);
    if (index >= 0) parts.push(`${track.head.name}: ${track.kind.describe(track, index)}`);
  }
  ui.live.textContent = [clock(state.time), ...parts.slice(0, 4)].join('. ');
}

let seekTimer = 0;

/** The person moved the playhead: everything follows at once; Python and the screen reader when it rests. */
export function seekByUser(time) {
  jump(time);
  bringIntoView(state.time, state.time);
  clearTimeout(seekTimer);
  seekTimer = setTimeout(() => {
    if (!state.playing) announce();
    trigger('seek', {time: state.time});
  }, SETTLE_MS);
}

/** Bring a stretch into view without changing more than needed. */
export function bringIntoView(start, end) {
  state.follow = true;
  if (view.has(start)) return draw('head');
  view.show((start + Math.min(end, start + view.span) - view.span) / 2, view.span);
  draw();
}
