/* Drawing at the next frame what has changed. */

import {clamp} from '../../page/numbers.js';
import {css} from './colours.js';
import {base, over, sheet, stage, state} from './page.js';
import {farToNear, project} from './projection.js';
import {rowAfter} from './rows.js';

const MARGIN = 20; // CSS pixels around the map
const MAX_PATH_POINTS = 4000; // with more the path is left out while the view moves
const PATH_PIECE = 64; // rows in one line: a long line is slow to draw
const TAIL_SECONDS = 1;
const MAX_TAIL_ROWS = 60;

/** Pixels of a unit of the map, before any zoom. */
export function unit() {
  const [half, halfUp] = state.map.box.half;
  return Math.max(Math.min((state.width / 2 - MARGIN) / half, (state.height / 2 - MARGIN) / halfUp), 1e-6);
}

function place() {
  const {width, height, left, top, yaw, pitch} = state;
  project(state.map, {size: unit() * state.zoom, left: width / 2 + left, top: height / 2 + top, yaw, pitch}, state);
}

/** A round dot: places around its middle in the picture, and how far each is covered, 0 to 255. */
function dot(radius, columns) {
  const reach = Math.ceil(radius);
  const places = [];
  const cover = [];
  for (let dy = -reach; dy <= reach; dy++) {
    for (let dx = -reach; dx <= reach; dx++) {
      const covered = clamp(radius + 0.5 - Math.hypot(dx, dy), 0, 1);
      if (covered > 0.05) {
        places.push(dy * columns + dx);
        cover.push(Math.round(255 * covered));
      }
    }
  }
  return {reach, places: Int32Array.from(places), cover: Uint8Array.from(cover)};
}

const radius = () => clamp(14 / Math.pow(state.x.length, 0.28), 1.3, 4.5) * clamp(Math.sqrt(state.zoom), 1, 2);

function paintPoints() {
  const columns = sheet.width;
  const lines = sheet.height;
  const context = sheet.getContext('2d');
  const image = context.createImageData(columns, lines);
  const pixels = new Uint32Array(image.data.buffer);
  const {x, y, depth, chosen, isolated} = state;
  const {colours} = state.map;
  const {pixels: shades} = state.theme;
  const {reach, places, cover} = dot(radius() * state.dots, columns);
  for (const row of farToNear(state.depth)) {
    if (isolated && !isolated[row]) continue;
    const px = Math.round(x[row] * state.dots);
    const py = Math.round(y[row] * state.dots);
    if (px < reach || py < reach || px >= columns - reach || py >= lines - reach) continue;
    const colour = shades[(chosen && !chosen[row] ? 4096 : 0) + depth[row] * 256 + colours[row]];
    const middle = py * columns + px;
    for (let i = 0; i < places.length; i++) {
      const at = middle + places[i];
      if (pixels[at] >>> 24 <= cover[i]) pixels[at] = (cover[i] << 24) | colour;
    }
  }
  context.putImageData(image, 0, 0);
}

/** The way through time, clip by clip. */
function paintPath(context) {
  const {x, y} = state;
  const rows = x.length;
  const starts = new Set(state.map.starts);
  context.strokeStyle = css(state.theme.soft, clamp(9 / Math.sqrt(rows), 0.07, 0.35));
  context.lineWidth = 1;
  for (let first = 0; first < rows; first += PATH_PIECE) {
    context.beginPath();
    for (let i = first; i <= Math.min(first + PATH_PIECE, rows - 1); i++) {
      if (i === first || starts.has(i)) context.moveTo(x[i], y[i]);
      else context.lineTo(x[i], y[i]);
    }
    context.stroke();
  }
}

function paintBase() {
  place();
  const context = base.getContext('2d');
  context.setTransform(state.dots, 0, 0, state.dots, 0, 0);
  context.clearRect(0, 0, state.width, state.height);
  if (!state.isolated && (!state.moving || state.x.length <= MAX_PATH_POINTS)) paintPath(context);
  paintPoints();
  context.drawImage(sheet, 0, 0, state.width, state.height);
}

/** The place on the path at `time`, between two frames. */
function placeAt(time) {
  const {times, own} = state.map;
  const after = clamp(rowAfter(time), 0, own - 1);
  const before = Math.max(after - 1, 0);
  const gap = times[after] - times[before];
  const share = gap > 0 ? clamp((time - times[before]) / gap, 0, 1) : 1;
  return ['x', 'y'].map(axis => state[axis][before] + share * (state[axis][after] - state[axis][before]));
}

function paintOver() {
  const context = over.getContext('2d');
  const {time, hover, lasso} = state;
  context.setTransform(state.dots, 0, 0, state.dots, 0, 0);
  context.clearRect(0, 0, state.width, state.height);
  context.lineJoin = context.lineCap = 'round';
  const end = rowAfter(time);
  const first = Math.max(rowAfter(time - TAIL_SECONDS), end - MAX_TAIL_ROWS);
  let last = null;
  for (let row = first; row <= end; row++) {
    const to = row < end ? [state.x[row], state.y[row]] : placeAt(time);
    const from = last ?? to;
    last = to;
    context.strokeStyle = css(state.theme.ink, (0.75 * (row - first + 1)) / (end - first + 1));
    context.lineWidth = 2;
    context.beginPath();
    context.moveTo(...from);
    context.lineTo(...to);
    context.stroke();
  }
  ring(context, placeAt(time), 6, css(state.theme.mark), css(state.theme.card));
  if (hover >= 0) ring(context, [state.x[hover], state.y[hover]], 6, 'transparent', css(state.theme.ink));
  if (lasso) {
    context.beginPath();
    lasso.forEach(point => context.lineTo(...point));
    context.closePath();
    context.fillStyle = css(state.theme.ink, 0.06);
    context.fill();
    context.strokeStyle = css(state.theme.ink, 0.7);
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
export function draw(what) {
  if (!state.dirty) requestAnimationFrame(paint);
  if (state.dirty !== 'base') state.dirty = what;
}

function paint() {
  const what = state.dirty;
  state.dirty = '';
  if (!state.map || !state.theme || state.width < 2) return;
  if (what === 'base') paintBase();
  paintOver();
}

export function measure() {
  state.width = stage.clientWidth;
  state.height = stage.clientHeight;
  state.dots = Math.min(devicePixelRatio, 2);
  for (const canvas of [base, over, sheet]) {
    canvas.width = Math.max(Math.round(state.width * state.dots), 1);
    canvas.height = Math.max(Math.round(state.height * state.dots), 1);
  }
  draw('base');
}
