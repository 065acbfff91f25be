/*
 * The map of an embedding: each frame of the clip is a point, in the plane or in space, and a marker goes along their path with
 * the sound. The body of a function that Gradio calls once with `element`, `trigger`, `props` and `watch`.
 *
 * `props.value` is what embedding_map.py's `map_value` makes; null shows no map. `look`, which Python puts before this script, has
 * the ramps and limits.
 * It plays through the timeline's events on `window` (see timeline.js), and its clock is that of the sound heard there.
 * A point of another clip opens that clip (see clip_input.js); Python then sends the same map with the rows of that clip first.
 * To Python: the event 'picked' {row}, a point that the person chose.
 */
'use strict';

const DRAG = 4; // CSS pixels that tell a drag from a click
const DEPTHS = 16; // steps of fading into the distance
const NO_COLOUR = 255;
const MANY = 4000; // points; with more the path is left out while the view moves
const TAIL_SECONDS = 1, TAIL_ROWS = 60;
const LARGEST_ZOOM = 60;
const MARGIN = 20; // CSS pixels around the map
const LEGEND_NAMES = 14;

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
const find = name => element.querySelector('.em-' + name);
const root = element.querySelector('.em');
const stage = find('stage'), base = find('base'), over = find('over'), tip = find('tip'), now = find('now'), live = find('live');
const legend = find('legend'), lassoButton = find('lasso'), clearButton = find('clear');
const sheet = new OffscreenCanvas(1, 1);

const state = {
  map: null, // what Python sent, with its arrays decoded
  x: new Float32Array(0), y: new Float32Array(0), depth: new Uint8Array(0), // where the points are on the screen
  chosen: null, stretches: [], choosing: null, // rows chosen (1 each), what of the sound that is, and what is being chosen
  zoom: 1, left: 0, top: 0, yaw: .6, pitch: .35,
  time: 0, playing: false, row: 0, hover: -1, lasso: null, moving: false,
};
let width = 1, height = 1, dots = 1, theme = null, dirty = '';

// --- data

function bytesOf(base64) {
  return Uint8Array.from(atob(base64), letter => letter.charCodeAt(0)).buffer;
}

/** The first row of the clip on the player that is not before `time`. */
function rowAfter(time) {
  const {times, own} = state.map;
  let low = 0, high = own;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle] < time) low = middle + 1; else high = middle;
  }
  return low;
}

/** The row whose frame sounds at `time`. */
const rowAt = time => clamp(rowAfter(time - state.map.hop / 2), 0, state.map.own - 1);

function clock(seconds) {
  const tenths = Math.round(seconds * 10);
  return `${Math.floor(tenths / 600)}:${(tenths % 600 / 10).toFixed(1).padStart(4, '0')}`;
}

const clipOf = row => state.map.starts.findLastIndex(start => start <= row);

function say(row) {
  const {times, texts, textOf, own} = state.map;
  const clip = row < own ? '' : state.map.clips[clipOf(row)];
  return [clip, clock(times[row]), texts[textOf[row]]].filter(Boolean).join(' · ');
}

function receive() {
  const value = props.value;
  root.dataset.empty = String(!value);
  if (!value) return forget();
  const another = state.map?.id !== value.id, turned = state.map?.hashes[0] !== value.hashes[0];
  const map = state.map = {...value};
  map.points = new Int16Array(bytesOf(value.points));
  map.times = new Float32Array(bytesOf(value.times));
  map.colours = new Uint8Array(bytesOf(value.colours));
  map.textOf = new Uint16Array(bytesOf(value.textOf));
  map.box = boxOf(map);
  const rows = map.times.length;
  if (another) {
    Object.assign(state, {x: new Float32Array(rows), y: new Float32Array(rows), depth: new Uint8Array(rows), hover: -1});
    fit();
  }
  if (another || turned) showChoice(rowsOf(state.stretches));
  over.setAttribute('aria-label', map.says);
  find('hint').textContent = map.hint;
  if (!state.stretches.length) sayNow();
  showLegend();
  readTheme();
}

/** Middle and half of the extent of the points along each axis; in space they turn, so all axes have the largest. */
function boxOf({points, dimensions}) {
  const low = Array(dimensions).fill(Infinity), high = Array(dimensions).fill(-Infinity);
  points.forEach((value, i) => {
    const axis = i % dimensions;
    if (value < low[axis]) low[axis] = value;
    if (value > high[axis]) high[axis] = value;
  });
  const half = low.map((value, axis) => Math.max((high[axis] - value) / 2, 1));
  return {middle: low.map((value, axis) => (value + high[axis]) / 2), half: dimensions === 3 ? half.fill(1.3 * Math.max(...half)) : half};
}

function forget() {
  state.map = state.chosen = null;
  legend.replaceChildren();
}

// --- colours

const mixed = (from, to, share) => from.map((value, i) => Math.round(value + (to[i] - value) * share));

function readTheme() {
  const style = getComputedStyle(root);
  const colour = name => {
    const value = parseInt(style.getPropertyValue('--as-' + name).trim().slice(1), 16);
    return [value >> 16, value >> 8 & 255, value & 255];
  };
  const dark = document.body.classList.contains('dark');
  theme = {card: colour('card'), ink: colour('ink'), soft: colour('soft'), mark: colour('red')};
  theme.colours = state.map?.names.length ? categories(colour) : ramp(look.ramps[dark ? 'dark' : 'light']);
  theme.tables = tables();
  for (const swatch of legend.querySelectorAll('i')) swatch.style.background = css(theme.colours[swatch.dataset.colour]);
  const bar = legend.querySelector('b');
  if (bar) bar.style.background = `linear-gradient(90deg,${[0, 64, 128, 191, 254].map(i => css(theme.colours[i]))})`;
  draw('base');
}

const css = ([red, green, blue], alpha = 1) => `rgb(${red} ${green} ${blue} / ${alpha})`;

/** Okabe-Ito's colours, then lighter, then darker ones; the last place is for what has no category. */
function categories(colour) {
  const plain = look.colours.map(colour);
  const all = [plain, plain.map(one => mixed(one, theme.card, .45)), plain.map(one => mixed(one, theme.ink, .45))].flat();
  return Array.from({length: 256}, (_, i) => i === NO_COLOUR ? mixed(theme.soft, theme.card, .55) : all[i % all.length]);
}

function ramp(stops) {
  return Array.from({length: 256}, (_, i) => {
    const place = Math.min(i, 254) / 254 * (stops.length - 1), before = Math.min(Math.floor(place), stops.length - 2);
    return i === NO_COLOUR ? mixed(theme.soft, theme.card, .55) : mixed(stops[before], stops[before + 1], place - before);
  });
}

/** Pixel values (little-endian alpha, blue, green, red, without alpha) by [not chosen][depth][colour]. */
function tables() {
  const table = new Uint32Array(2 * DEPTHS * 256);
  for (let at = 0; at < table.length; at++) {
    const pale = at >> 12, depth = at >> 8 & 15;
    const [red, green, blue] = mixed(theme.colours[at & 255], theme.card, Math.max(.82 * pale, .72 * (1 - depth / (DEPTHS - 1))));
    table[at] = blue << 16 | green << 8 | red;
  }
  return table;
}

function showLegend() {
  const {names, label, low, high} = state.map;
  const title = document.createElement('span');
  title.textContent = label;
  const rest = names.length > LEGEND_NAMES ? `and ${names.length - LEGEND_NAMES} more` : '';
  legend.replaceChildren(title, ...names.slice(0, LEGEND_NAMES).map((name, i) => {
    const button = document.createElement('button'), swatch = document.createElement('i');
    button.type = 'button';
    button.title = 'Play only this';
    button.dataset.name = i;
    swatch.dataset.colour = i;
    button.append(swatch, name);
    return button;
  }), ...(names.length ? [rest] : [low, document.createElement('b'), high]));
}

// --- where the points are

/** Pixels of a unit of the map, before any zoom. */
function unit() {
  const [half, halfUp] = state.map.box.half;
  return Math.max(Math.min((width / 2 - MARGIN) / half, (height / 2 - MARGIN) / halfUp), 1e-6);
}

function place() {
  const {points, dimensions, box: {middle: [midA, midB, midC], half: [reach]}} = state.map, {x, y, depth} = state;
  const size = unit() * state.zoom, rows = x.length;
  const middleX = width / 2 + state.left, middleY = height / 2 + state.top;
  if (dimensions === 2) {
    for (let i = 0; i < rows; i++) {
      x[i] = middleX + (points[2 * i] - midA) * size;
      y[i] = middleY - (points[2 * i + 1] - midB) * size;
    }
    depth.fill(DEPTHS - 1);
    return;
  }
  const [sinY, cosY, sinP, cosP] = [Math.sin(state.yaw), Math.cos(state.yaw), Math.sin(state.pitch), Math.cos(state.pitch)];
  for (let i = 0; i < rows; i++) {
    const a = points[3 * i] - midA, b = points[3 * i + 1] - midB, c = points[3 * i + 2] - midC;
    const side = a * cosY + c * sinY, back = c * cosY - a * sinY;
    const up = b * cosP - back * sinP, near = (b * sinP + back * cosP) / reach;
    const closer = size / (1 - .25 * near);
    x[i] = middleX + side * closer;
    y[i] = middleY - up * closer;
    depth[i] = clamp((near + .9) / 1.8 * DEPTHS, 0, DEPTHS - 1);
  }
}

/** Rows from far to near. */
function order() {
  const {depth} = state, rows = depth.length, starts = new Uint32Array(DEPTHS + 1), sorted = new Uint32Array(rows);
  for (let i = 0; i < rows; i++) starts[depth[i] + 1]++;
  for (let i = 0; i < DEPTHS; i++) starts[i + 1] += starts[i];
  for (let i = 0; i < rows; i++) sorted[starts[depth[i]]++] = i;
  return sorted;
}

// --- drawing

/** A round dot: places around its middle in the picture, and how far each is covered, 0 to 255. */
function dot(radius, columns) {
  const reach = Math.ceil(radius), places = [], cover = [];
  for (let dy = -reach; dy <= reach; dy++) {
    for (let dx = -reach; dx <= reach; dx++) {
      const covered = clamp(radius + .5 - Math.hypot(dx, dy), 0, 1);
      if (covered > .05) {
        places.push(dy * columns + dx);
        cover.push(Math.round(255 * covered));
      }
    }
  }
  return {reach, places: Int32Array.from(places), cover: Uint8Array.from(cover)};
}

const radius = () => clamp(14 / Math.pow(state.x.length, .28), 1.3, 4.5) * clamp(Math.sqrt(state.zoom), 1, 2);

function paintPoints() {
  const columns = sheet.width, lines = sheet.height, context = sheet.getContext('2d');
  const image = context.createImageData(columns, lines), pixels = new Uint32Array(image.data.buffer);
  const {x, y, depth, chosen} = state, {colours} = state.map, {tables} = theme;
  const {reach, places, cover} = dot(radius() * dots, columns);
  for (const row of order()) {
    const px = Math.round(x[row] * dots), py = Math.round(y[row] * dots);
    if (px < reach || py < reach || px >= columns - reach || py >= lines - reach) continue;
    const colour = tables[(chosen && !chosen[row] ? 4096 : 0) + depth[row] * 256 + colours[row]], middle = py * columns + px;
    for (let i = 0; i < places.length; i++) {
      const at = middle + places[i];
      if (pixels[at] >>> 24 <= cover[i]) pixels[at] = cover[i] << 24 | colour;
    }
  }
  context.putImageData(image, 0, 0);
}

/** The way through time, clip by clip. In pieces: one long line is slow to draw. */
function paintPath(context) {
  const {x, y} = state, rows = x.length, starts = new Set(state.map.starts);
  context.strokeStyle = css(theme.soft, clamp(9 / Math.sqrt(rows), .07, .35));
  context.lineWidth = 1;
  for (let first = 0; first < rows; first += 64) {
    context.beginPath();
    for (let i = first; i <= Math.min(first + 64, rows - 1); i++) {
      if (i === first || starts.has(i)) context.moveTo(x[i], y[i]); else context.lineTo(x[i], y[i]);
    }
    context.stroke();
  }
}

function paintBase() {
  place();
  const context = base.getContext('2d');
  context.setTransform(dots, 0, 0, dots, 0, 0);
  context.clearRect(0, 0, width, height);
  if (!state.moving || state.x.length <= MANY) paintPath(context);
  paintPoints();
  context.drawImage(sheet, 0, 0, width, height);
}

/** The place on the path at `time`, between two frames. */
function placeAt(time) {
  const {times, own} = state.map, after = clamp(rowAfter(time), 0, own - 1), before = Math.max(after - 1, 0);
  const gap = times[after] - times[before], share = gap > 0 ? clamp((time - times[before]) / gap, 0, 1) : 1;
  return ['x', 'y'].map(axis => state[axis][before] + share * (state[axis][after] - state[axis][before]));
}

function paintOver() {
  const context = over.getContext('2d'), {time, hover, lasso} = state;
  context.setTransform(dots, 0, 0, dots, 0, 0);
  context.clearRect(0, 0, width, height);
  context.lineJoin = context.lineCap = 'round';
  const end = rowAfter(time), first = Math.max(rowAfter(time - TAIL_SECONDS), end - TAIL_ROWS);
  let last = null;
  for (let row = first; row <= end; row++) {
    const to = row < end ? [state.x[row], state.y[row]] : placeAt(time), from = last ?? to;
    last = to;
    context.strokeStyle = css(theme.ink, .75 * (row - first + 1) / (end - first + 1));
    context.lineWidth = 2;
    context.beginPath();
    context.moveTo(...from);
    context.lineTo(...to);
    context.stroke();
  }
  ring(context, placeAt(time), 6, css(theme.mark), css(theme.card));
  if (hover >= 0) ring(context, [state.x[hover], state.y[hover]], 6, 'transparent', css(theme.ink));
  if (lasso) {
    context.beginPath();
    lasso.forEach(point => context.lineTo(...point));
    context.closePath();
    context.fillStyle = css(theme.ink, .06);
    context.fill();
    context.strokeStyle = css(theme.ink, .7);
    context.lineWidth = 1.5;
    context.stroke();
  }
}

function ring(context, [x, y], size, inside, outside) {
  context.beginPath();
  context.arc(x, y, size, 0, 7);
  context.fillStyle = inside;
  context.fill();
  context.strokeStyle = outside;
  context.lineWidth = 2;
  context.stroke();
}

/** Ask for a drawing at the next frame: 'base' draws everything, 'over' what lies over the points. */
function draw(what) {
  if (!dirty) requestAnimationFrame(paint);
  if (dirty !== 'base') dirty = what;
}

function paint() {
  const what = dirty;
  dirty = '';
  if (!state.map || !theme || width < 2) return;
  if (what === 'base') paintBase();
  paintOver();
}

function measure() {
  width = stage.clientWidth;
  height = stage.clientHeight;
  dots = Math.min(devicePixelRatio, 2);
  for (const canvas of [base, over, sheet]) {
    canvas.width = Math.max(Math.round(width * dots), 1);
    canvas.height = Math.max(Math.round(height * dots), 1);
  }
  draw('base');
}

let restTimer = 0;

/** The view moved; the path comes back when it rests. */
function moved() {
  const {zoom} = state, room = Math.max(width, height) / 2 * zoom;
  state.left = clamp(state.left, -room, room);
  state.top = clamp(state.top, -room, room);
  stage.style.touchAction = state.map.dimensions === 2 && zoom === 1 && !lassoOn() ? 'pan-y' : 'none';
  state.moving = true;
  draw('base');
  clearTimeout(restTimer);
  restTimer = setTimeout(() => { state.moving = false; draw('base'); }, 150);
}

function fit() {
  Object.assign(state, {zoom: 1, left: 0, top: 0, yaw: .6, pitch: .35});
  moved();
}

/** What is at (x, y) stays there. */
function zoomAt(factor, x = width / 2, y = height / 2) {
  const before = state.zoom;
  state.zoom = clamp(before * factor, 1, LARGEST_ZOOM);
  const grown = state.zoom / before;
  state.left = x - width / 2 - (x - width / 2 - state.left) * grown;
  state.top = y - height / 2 - (y - height / 2 - state.top) * grown;
  if (state.zoom === 1) state.left = state.top = 0;
  moved();
}

function drag(dx, dy) {
  if (state.map.dimensions === 2) {
    state.left += dx;
    state.top += dy;
  } else {
    state.yaw += dx * .008;
    state.pitch = clamp(state.pitch + dy * .008, -1.5, 1.5);
  }
  moved();
}

// --- playing

const tell = (name, detail) => window.dispatchEvent(new CustomEvent('audioscope:' + name, {detail}));

/** Hear the moment of a row, in whichever clip it is. */
function play(row) {
  if (state.chosen && !state.chosen[row]) choose(null);
  trigger('picked', {row});
  const {times, hop, own, hashes, clips} = state.map, time = Math.max(times[row] - hop / 2, 0), clip = clipOf(row);
  if (row >= own) return tell('open', {hash: hashes[clip], name: clips[clip], time});
  tell('seek', {time, play: true});
}

/** Rows chosen: only they are heard, one stretch after another, again and again. `rows` tells of each row whether it is. */
function choose(rows) {
  const {times, hop, duration, own} = state.map ?? {};
  const stretches = [], {join, shortest} = look;
  for (let i = 0; rows && i < own; i++) {
    if (!rows[i]) continue;
    const last = stretches.at(-1), start = Math.max(times[i] - hop / 2, 0), end = times[i] + hop / 2;
    if (last && start - last[1] <= join) last[1] = end; else stretches.push([start, end]);
  }
  const parts = stretches.map(([start, end]) => {
    const more = Math.max(shortest - (end - start), 0) / 2;
    return [Math.max(start - more, 0), Math.min(end + more, duration - .05)];
  });
  state.choosing = rows?.some(Boolean) ? rows : null;
  if (parts.length || state.stretches.length) tell('loop', {start: parts[0]?.[0] ?? null, end: parts.at(-1)?.[1], parts});
  else showChoice(state.choosing);
  state.choosing = null;
  if (state.stretches.length) tell('seek', {time: state.stretches[0][0], play: true});
}

/** The loop of the timeline is the choice: what was chosen here is looped there, and what is looped there is chosen here. */
function onLooped({detail}) {
  state.stretches = detail?.parts ?? [];
  if (state.map) showChoice(state.choosing ?? rowsOf(state.stretches));
}

/** Which rows sound in the stretches; null for none. */
function rowsOf(stretches) {
  const {times, own} = state.map;
  if (!stretches.length) return null;
  return Uint8Array.from(times, (time, row) => row < own && stretches.some(([start, end]) => time >= start && time < end));
}

function showChoice(rows) {
  const {stretches} = state;
  state.chosen = rows;
  clearButton.hidden = !rows;
  draw('base');
  if (!stretches.length) return sayNow();
  const seconds = stretches.reduce((sum, [start, end]) => sum + end - start, 0);
  live.textContent = `${stretches.length} ${stretches.length > 1 ? 'stretches' : 'stretch'}, ${seconds.toFixed(1)} s, in a loop`;
  now.textContent = live.textContent;
}

function onTime({detail: {time, playing}}) {
  if (!state.map || !root.offsetParent) return;
  Object.assign(state, {time, playing});
  const row = rowAt(time);
  if (row !== state.row && !state.stretches.length) sayNow();
  state.row = row;
  draw('over');
}

/** The line below the map: what sounds now. */
function sayNow() {
  now.textContent = state.map ? say(rowAt(state.time)) : '';
}

// --- what is under the pointer

/** The row nearest to a place on the screen, at most `reach` pixels away; -1 for none. */
function rowNear(px, py, reach) {
  const {x, y} = state;
  let best = -1, nearest = reach * reach;
  for (let i = 0; i < x.length; i++) {
    const dx = x[i] - px, dy = y[i] - py, away = dx * dx + dy * dy;
    if (away < nearest) [best, nearest] = [i, away];
  }
  return best;
}

/** Whether each row lies inside the line drawn around. */
function rowsInside(line) {
  return Uint8Array.from(state.x, (px, row) => {
    const py = state.y[row];
    let inside = 0;
    for (let i = 0, j = line.length - 1; i < line.length; j = i++) {
      const [ax, ay] = line[i], [bx, by] = line[j];
      if ((ay > py) !== (by > py) && px < (bx - ax) * (py - ay) / (by - ay) + ax) inside ^= 1;
    }
    return inside;
  });
}

function showTip(row) {
  state.hover = row;
  tip.hidden = row < 0;
  if (row >= 0) {
    tip.textContent = say(row);
    const x = clamp(state.x[row] + 12, 0, Math.max(width - tip.offsetWidth, 0)), y = clamp(state.y[row] - 30, 0, height - 24);
    tip.style.transform = `translate(${x}px,${y}px)`;
  }
  draw('over');
}

const lassoOn = () => lassoButton.getAttribute('aria-pressed') === 'true';
const spot = event => [event.clientX - stage.getBoundingClientRect().left, event.clientY - stage.getBoundingClientRect().top];
const pointers = new Map(); // those that are down, by id
let gesture = null;

function onDown(event) {
  if (!state.map || event.button > 0) return;
  pointers.set(event.pointerId, spot(event));
  stage.setPointerCapture(event.pointerId);
  showTip(-1);
  state.lasso = null;
  gesture = pointers.size === 2 ? {kind: 'pinch', ...pinch()}
    : {kind: event.shiftKey || lassoOn() ? 'lasso' : 'drag', from: spot(event), at: spot(event), moved: false, type: event.pointerType};
}

function pinch() {
  const [[ax, ay], [bx, by]] = [...pointers.values()];
  return {x: (ax + bx) / 2, y: (ay + by) / 2, apart: Math.max(Math.hypot(ax - bx, ay - by), 20)};
}

function onMove(event) {
  if (!state.map) return;
  const here = spot(event);
  if (!pointers.has(event.pointerId)) return event.pointerType === 'mouse' && showTip(rowNear(...here, 14));
  pointers.set(event.pointerId, here);
  if (gesture?.kind === 'pinch') {
    if (pointers.size < 2) return;
    const {x, y, apart} = pinch();
    zoomAt(apart / gesture.apart, x, y);
    Object.assign(gesture, {x, y, apart});
  } else if (gesture && (gesture.moved ||= Math.hypot(here[0] - gesture.from[0], here[1] - gesture.from[1]) > DRAG)) {
    if (gesture.kind === 'lasso') {
      (state.lasso ??= [gesture.from]).push(here);
      draw('over');
    } else {
      drag(here[0] - gesture.at[0], here[1] - gesture.at[1]);
    }
    gesture.at = here;
  }
}

function onUp(event) {
  if (!pointers.delete(event.pointerId) || pointers.size || !gesture) return;
  const {kind, moved, at, type} = gesture, {lasso} = state;
  gesture = state.lasso = null;
  if (event.type === 'pointercancel') return draw('over');
  if (kind === 'lasso' && moved) {
    lassoButton.setAttribute('aria-pressed', 'false');
    choose(rowsInside(lasso));
  } else if (kind !== 'pinch' && !moved) {
    const row = rowNear(...at, type === 'mouse' ? 14 : 24);
    if (row >= 0) play(row); else choose(null);
  }
}

function onWheel(event) {
  if (!state.map) return;
  const before = state.zoom, step = clamp(event.deltaY * (event.deltaMode ? 16 : 1), -120, 120);
  zoomAt(Math.exp(-step * (event.ctrlKey ? .01 : .0025)), ...spot(event));
  if (before !== state.zoom || event.ctrlKey) event.preventDefault();
}

// --- keys

/** Go to the frame `count` further on; the screen reader hears of it. */
function step(count) {
  const row = clamp(rowAt(state.time) + count, 0, state.map.own - 1);
  tell('seek', {time: state.map.times[row]});
  showTip(row);
  live.textContent = say(row);
}

const KEYS = {
  ArrowRight: event => event.shiftKey ? step(1) : drag(-24, 0),
  ArrowLeft: event => event.shiftKey ? step(-1) : drag(24, 0),
  ArrowUp: () => drag(0, 24),
  ArrowDown: () => drag(0, -24),
  PageDown: () => step(10),
  PageUp: () => step(-10),
  Home: () => step(-Infinity),
  End: () => step(Infinity),
  Enter: () => play(rowAt(state.time)),
  '+': () => zoomAt(1.5),
  '=': () => zoomAt(1.5), // the same key without Shift
  '-': () => zoomAt(1 / 1.5),
  Escape: () => choose(null),
};

function onKey(event) {
  const action = KEYS[event.key];
  if (!action || !state.map || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  event.stopPropagation();
  action(event);
}

// --- wiring

for (const [type, handler] of [['down', onDown], ['move', onMove], ['up', onUp], ['cancel', onUp]]) {
  stage.addEventListener('pointer' + type, handler);
}
stage.addEventListener('pointerleave', () => showTip(-1));
stage.addEventListener('wheel', onWheel, {passive: false});
over.addEventListener('keydown', onKey);
over.addEventListener('blur', () => showTip(-1));
clearButton.addEventListener('click', () => choose(null));
lassoButton.addEventListener('click', () => {
  lassoButton.setAttribute('aria-pressed', String(!lassoOn()));
  moved();
});
find('in').addEventListener('click', () => zoomAt(1.5));
find('out').addEventListener('click', () => zoomAt(1 / 1.5));
find('fit').addEventListener('click', fit);
legend.addEventListener('click', event => {
  const name = event.target.closest('button')?.dataset.name;
  if (name !== undefined) choose(Uint8Array.from(state.map.colours, colour => colour === Number(name)));
});
new ResizeObserver(measure).observe(stage);
new MutationObserver(readTheme).observe(document.body, {attributes: true, attributeFilter: ['class']});
window.addEventListener('audioscope:time', onTime);
window.addEventListener('audioscope:looped', onLooped);
root.map = {state, drag, play, choose};
onLooped({detail: document.querySelector('.as-timeline')?.timeline?.state.loop}); // it may be older than this tab
watch('value', receive);
receive();
