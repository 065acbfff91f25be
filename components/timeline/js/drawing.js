/* Drawing at the next frame what has changed. */

import {clock} from '../../page/time_format.js';
import {clamp} from '../../page/numbers.js';
import {state, ui, view} from './page.js';
import {advance} from './playback.js';
import {drawBars, drawSpectrogram, drawWave} from './sound.js';
import {View, rulerStep} from './view.js';

const RULER_HEIGHT = 20; // CSS pixels
const MAP_HEIGHT = 28;
const HEAD_WIDTH = 2;

/** Ask for a drawing at the next frame: of one track, 'wave', 'ruler', 'map', or of 'all'. */
export function draw(what = 'all') {
  state.dirty.add(what);
  state.frame ||= requestAnimationFrame(onFrame);
}

function onFrame() {
  state.frame = 0;
  if (state.playing) advance();
  const dirty = state.dirty;
  state.dirty = new Set();
  const all = dirty.has('all');
  if (state.clip) {
    if (all) placeLoop();
    if (all) window.dispatchEvent(new CustomEvent('audioscope:view'));
    if (all || dirty.has('ruler')) drawRuler();
    if (all || dirty.has('wave')) drawSound();
    if (all || dirty.has('map')) drawMap();
    for (const track of state.tracks.values()) if (all || dirty.has(track.id)) drawTrack(track);
    placeHead();
    drawMini();
  }
  if (state.playing) state.frame ||= requestAnimationFrame(onFrame);
}

/** A cleared context in CSS pixels; null while the canvas is not shown. */
function contextOf(canvas, height) {
  const ratio = devicePixelRatio || 1;
  const width = canvas.clientWidth;
  if (!width) return null;
  const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== w || canvas.height !== h) {
    canvas.width = w;
    canvas.height = h;
  }
  const context = canvas.getContext('2d');
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.globalAlpha = 1;
  context.clearRect(0, 0, width, height);
  return context;
}

function drawSound() {
  const height = ui.wave.clientHeight; // it has the room that the tracks leave
  const context = height ? contextOf(ui.wave, height) : null;
  if (context) (state.spectrum ? drawSpectrogram : drawWave)(context, state.clip, state.tiles, view, height, state.theme);
}

function drawTrack(track) {
  if (track.folded) return;
  const height = track.kind.height(track);
  const {canvas} = state.rows.get(track.id);
  canvas.style.height = `${height}px`;
  const context = contextOf(canvas, height);
  if (context) track.kind.draw(context, track, view, state.theme, height);
}

function drawRuler() {
  const {theme} = state;
  const context = contextOf(ui.ruler, RULER_HEIGHT);
  if (!context) return;
  const {step, digits} = rulerStep(view);
  context.font = theme.small;
  context.textBaseline = 'middle';
  for (let tick = Math.ceil(view.start / step - 1e-6); tick * step <= view.end + 1e-9; tick++) {
    const x = view.x(tick * step);
    context.fillStyle = theme.line;
    context.fillRect(Math.round(x), 3, 1, 17);
    const text = clock(tick * step, digits);
    if (x + 4 + 6 * text.length > view.width) continue;
    context.fillStyle = theme.soft;
    context.fillText(text, Math.round(x) + 4, 10);
  }
}

/** The whole clip in small, with the stretch in view marked; stands where the hint stood. */
function drawMap() {
  ui.map.hidden = view.whole;
  ui.hint.hidden = !view.whole;
  if (view.whole) return;
  const {theme} = state;
  const height = MAP_HEIGHT;
  const context = contextOf(ui.map, height);
  if (!context) return;
  const whole = drawWhole(context, ui.map, height);
  const left = whole.x(view.start);
  const width = Math.max(whole.x(view.end) - left, 3);
  context.fillStyle = theme.accent;
  context.globalAlpha = 0.14;
  context.fillRect(left, 0, width, height);
  context.globalAlpha = 1;
  context.strokeStyle = theme.accent;
  context.strokeRect(left + 0.5, 0.5, width - 1, height - 1);
}

/** Draw the whole clip in small; return its view. */
function drawWhole(context, canvas, height) {
  const whole = new View();
  Object.assign(whole, {duration: view.duration, span: view.duration, width: canvas.clientWidth});
  drawBars(context, state.clip, state.tiles, whole, height, state.theme);
  return whole;
}

/** The whole clip with the playhead, in the head line while that is all there is to see of the player. */
function drawMini() {
  const context = state.isSlim ? contextOf(ui.mini, MAP_HEIGHT) : null;
  if (!context) return;
  const whole = drawWhole(context, ui.mini, MAP_HEIGHT);
  context.fillStyle = state.theme.red;
  context.fillRect(clamp(whole.x(state.time) - HEAD_WIDTH / 2, 0, whole.width - HEAD_WIDTH), 0, HEAD_WIDTH, MAP_HEIGHT);
}

/** Where the playhead is drawn; over the lanes, so that playing redraws nothing else. */
function placeHead() {
  const x = view.x(state.time);
  ui.head.hidden = x < -1 || x > view.width + 1;
  ui.head.style.transform = `translateX(${x}px)`;
  const text = clock(state.time);
  if (ui.now.textContent !== text) ui.now.textContent = text;
}

export function placeLoop() {
  ui.loop.hidden = !state.loop;
  ui.loopButton.setAttribute('aria-pressed', String(Boolean(state.loop)));
  if (!state.loop) return;
  const left = clamp(view.x(state.loop.start), -8, view.width + 8);
  const right = clamp(view.x(state.loop.end), -8, view.width + 8);
  ui.loop.style.transform = `translateX(${left}px)`;
  ui.loop.style.width = `${Math.max(right - left, 1)}px`;
  const stops = state.loop.parts.map(([start, end]) => {
    const [from, to] = [view.x(start) - left, Math.max(view.x(end), view.x(start) + 1) - left];
    return `transparent ${from}px, var(--as-looped) ${from}px ${to}px, transparent ${to}px`;
  });
  ui.loop.style.background = stops.length > 1 ? `linear-gradient(90deg, ${stops})` : '';
}
