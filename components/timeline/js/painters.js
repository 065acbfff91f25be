/* Painters of tracks: boxes with text, moments, notes, frames and thumbnails. */

import {channelsOf} from '../../page/colours.js';
import {clamp} from '../../page/numbers.js';
import {dotPicture} from '../../page/dots.js';
import {pitchName} from '../../page/pitch_names.js';
import {IMAGE_COLUMNS, noteRow} from './track.js';

const ROW_NAME_HEIGHT = 13; // CSS pixels of a name of a pitch
const MERGE = 2; // CSS pixels; items narrower than this are drawn together

/** The text, or as much of it as fits `room` pixels; '' when that is next to nothing. */
function fitted(context, track, index, text, room) {
  if (room < 10 || !text) return '';
  const width = (track.widths[index] ??= context.measureText(text).width);
  if (width <= room) return text;
  let letters = Math.floor((text.length * room) / width);
  const cut = () => text.slice(0, letters).trimEnd() + '…';
  while (letters > 1 && context.measureText(cut()).width > room) letters--;
  return letters < 2 ? '' : cut();
}

/** A rounded box for each item; crowds of narrow ones become one box of their mean strength. */
class BoxPainter {
  constructor(context, top, height, strength) {
    Object.assign(this, {context, top, height, strength, crowd: null});
  }

  add(left, right, item) {
    const strength = this.strength(item);
    if (right - left >= MERGE) {
      this.flush();
      this.box(left, right, strength);
    } else if (this.crowd && left < this.crowd.left + MERGE) {
      this.crowd.sum += strength;
      this.crowd.count++;
    } else {
      this.flush();
      this.crowd = {left, sum: strength, count: 1};
    }
  }

  flush() {
    if (!this.crowd) return;
    const {left, sum, count} = this.crowd;
    this.crowd = null;
    this.context.globalAlpha = sum / count;
    this.context.fillRect(left, this.top, MERGE - 0.5, this.height);
  }

  box(left, right, strength) {
    this.context.globalAlpha = strength;
    const width = right - left - Math.min(1, (right - left) / 4);
    if (width < 6) return this.context.fillRect(left, this.top, width, this.height);
    this.context.beginPath();
    this.context.roundRect(left, this.top, width, this.height, 3);
    this.context.fill();
  }
}

function outline(context, left, width, top, height, theme) {
  context.globalAlpha = 1;
  context.strokeStyle = theme.accent;
  context.lineWidth = 1.5;
  context.beginPath();
  context.roundRect(left + 0.25, top + 0.25, Math.max(width - 1.5, 2), height - 0.5, 3);
  context.stroke();
}

/** Spans, words and labels: boxes with text. `row` is the height of a lane, `strength(item)` the opacity. */
export function drawBoxes(context, track, view, theme, {row, strength, centred}) {
  const [first, last] = track.range(view.start, view.end);
  const painters = Array.from(
    {length: Math.max(track.laneEnds.length, 1)},
    (_, lane) => new BoxPainter(context, lane * row + 2, row - 4, strength),
  );
  context.fillStyle = theme[track.head.colour];
  const texts = [];
  for (let i = first; i < last; i++) {
    const item = track.items[i];
    const left = Math.max(view.x(item[0]), -8);
    const right = Math.min(view.x(item[1]), view.width + 8);
    if (right < left) continue;
    painters[track.lanes[i] ?? 0].add(left, right, item);
    if (right - left > 18) texts.push(i);
  }
  painters.forEach(painter => painter.flush());
  drawBoxTexts(context, track, view, theme, texts, row, centred);
  for (const i of new Set([track.selected, track.current])) {
    if (i < first || i >= last) continue;
    const left = view.x(track.items[i][0]);
    const width = view.x(track.items[i][1]) - left;
    const top = (track.lanes[i] ?? 0) * row + 2;
    context.fillStyle = theme.accent;
    if (i === track.current) context.fillRect(left, top + row - 6, width - 1, 2);
    if (i === track.selected) outline(context, left, width, top, row - 4, theme);
  }
}

function drawBoxTexts(context, track, view, theme, indices, row, centred) {
  context.globalAlpha = 1;
  context.fillStyle = theme.ink;
  context.font = theme.text;
  context.textBaseline = 'middle';
  for (const i of indices) {
    const item = track.items[i];
    const left = Math.max(view.x(item[0]), 0);
    const right = Math.min(view.x(item[1]), view.width);
    const text = fitted(context, track, i, item[2], right - left - 9);
    if (!text) continue;
    const x = centred ? Math.max((left + right - 1 - track.widths[i]) / 2, left + 4) : left + 5;
    context.fillText(text, x, (track.lanes[i] ?? 0) * row + row / 2 + 0.5);
  }
}

/** Beats; where they crowd the weak ones go first, then what shares a pixel. */
export function drawPoints(context, track, view, theme, height) {
  const [first, last] = track.range(view.start, view.end);
  const weak = (last - first) * 5 < view.width;
  let beforeWeak = -9;
  let beforeStrong = -9;
  context.fillStyle = theme[track.head.colour];
  for (let i = first; i < last; i++) {
    const [time, , , strong] = track.items[i];
    const x = view.x(time);
    if (strong ? x - beforeStrong < MERGE : !weak || x - beforeWeak < MERGE) continue;
    if (strong) beforeStrong = x;
    else beforeWeak = x;
    context.fillRect(
      x - (strong ? 1 : 0.5),
      strong ? 3 : height / 2,
      strong ? 2 : 1.25,
      height - 3 - (strong ? 3 : height / 2),
    );
  }
  if (track.selected >= first && track.selected < last) {
    outline(context, view.x(track.starts[track.selected]) - 3, 7.5, 1, height - 2, theme);
  }
}

export function drawNotes(context, track, view, theme, height) {
  const [first, last] = track.range(view.start, view.end);
  const covered = new Float32Array(128).fill(-1); // how far each pitch is drawn already
  context.fillStyle = theme[track.head.colour];
  for (let i = first; i < last; i++) {
    const [start, end, pitch, velocity] = track.items[i];
    const left = Math.max(view.x(start), covered[pitch], 0);
    const right = Math.min(Math.max(view.x(end), left + 1.5), view.width + 1);
    if (view.x(end) <= covered[pitch]) continue;
    covered[pitch] = right;
    const {top, each} = noteRow(track, pitch, height);
    context.globalAlpha = 0.45 + 0.55 * velocity;
    context.fillRect(left, top, Math.max(right - left - 0.5, 1), Math.max(each - 0.5, 1.5));
  }
  context.globalAlpha = 1;
  drawOctaveNames(context, track, theme, height);
  if (track.selected >= first && track.selected < last) {
    const [start, end, pitch] = track.items[track.selected];
    const {top, each} = noteRow(track, pitch, height);
    outline(context, view.x(start) - 1, view.x(end) - view.x(start) + 3, top - 1.5, each + 3, theme);
  }
}

/** The name of each C at the left, where octaves have room for it. */
function drawOctaveNames(context, track, theme, height) {
  context.font = theme.small;
  context.textBaseline = 'middle';
  for (let pitch = 12 * Math.ceil(track.lowest / 12); pitch <= track.highest; pitch += 12) {
    const {top, each} = noteRow(track, pitch, height);
    const y = top + each / 2;
    if (y < ROW_NAME_HEIGHT / 2 || y > height - ROW_NAME_HEIGHT / 2 || 12 * each < ROW_NAME_HEIGHT) continue;
    drawRowName(context, pitchName(pitch), y, ROW_NAME_HEIGHT, theme);
  }
}

/** Frame tracks: one picture for each block, made again when it grew or the theme changed. */
function drawFrames(context, track, view, theme, height, paint) {
  const {start, hop} = track.head;
  const seconds = IMAGE_COLUMNS * hop;
  const first = Math.max(Math.floor((view.start - start) / seconds), 0);
  context.imageSmoothingEnabled = hop < view.secondsPerPixel;
  for (let b = first; b < track.blocks.length && start + b * seconds < view.end; b++) {
    const block = track.blocks[b];
    if (block.theme !== theme) Object.assign(block, {theme, picture: paint(block, theme)});
    drawVisiblePart(context, view, block, start + b * seconds, hop, height);
  }
}

/** Only the frames in view are stretched: deep in, a whole picture would be millions of pixels wide. */
function drawVisiblePart(context, view, {picture, count}, begin, hop, height) {
  const first = clamp(Math.floor((view.start - begin) / hop), 0, count);
  const last = clamp(Math.ceil((view.end - begin) / hop), 0, count);
  if (last <= first) return;
  const left = view.x(begin + first * hop);
  const right = view.x(begin + last * hop);
  context.drawImage(picture, first, 0, last - first, picture.height, left, 0, right - left, height);
}

export const heatRow = track => (track.head.rows.length > 24 ? 6 : 15);

export function drawHeatmap(context, track, view, theme, height) {
  const {rows, colour} = track.head;
  drawFrames(context, track, view, theme, height, block => {
    const [r, g, b] = channelsOf(theme[colour]);
    return dotPicture(block.count, rows.length, (data, at, column, row) => {
      data[at] = r;
      data[at + 1] = g;
      data[at + 2] = b;
      data[at + 3] = block.bytes[column * rows.length + row];
    });
  });
  const each = heatRow(track);
  context.fillStyle = theme.card;
  for (let row = 1; row < rows.length; row++) context.fillRect(0, row * each - 0.5, view.width, 1);
  if (each >= 12) drawRowNames(context, rows, each, theme);
}

function drawRowNames(context, rows, each, theme) {
  context.font = theme.small;
  context.textBaseline = 'middle';
  rows.forEach((name, row) => drawRowName(context, name, row * each + each / 2, each, theme));
}

/** A name at the left edge, on a ground that covers what is drawn there. */
function drawRowName(context, name, y, height, theme) {
  context.globalAlpha = 0.8;
  context.fillStyle = theme.card;
  context.beginPath();
  context.roundRect(1, y - height / 2 + 1, context.measureText(name).width + 8, height - 2, 3);
  context.fill();
  context.globalAlpha = 1;
  context.fillStyle = theme.ink;
  context.fillText(name, 5, y + 0.5);
}

export function drawColours(context, track, view, theme, height) {
  drawFrames(context, track, view, theme, height, block =>
    dotPicture(block.count, 1, (data, at, column) => {
      data.set(block.bytes.subarray(3 * column, 3 * column + 3), at);
      data[at + 3] = 255;
    }),
  );
}

/** Thumbnails, each at the start of its stretch; those with no room of their own are left out. */
export function drawPictures(context, track, view, theme, height) {
  const [first, last] = track.range(view.start, view.end);
  let covered = -Infinity;
  context.font = theme.small;
  context.textBaseline = 'middle';
  for (let i = first; i < last; i++) {
    const left = view.x(track.items[i][0]);
    const width = Math.max(view.x(track.items[i][1]) - left - 2, 8);
    if (left < covered) continue;
    covered = left + width;
    context.save();
    context.beginPath();
    context.roundRect(left, 2, width, height - 4, 4);
    context.clip();
    drawThumbnail(context, track, i, Math.max(left, 0), Math.min(left + width, view.width), height, theme);
    context.restore();
    context.fillStyle = theme.accent;
    if (i === track.current) context.fillRect(left, height - 4, width, 2);
    if (i === track.selected) outline(context, left, width + 1.5, 2, height - 4, theme);
  }
}

function drawThumbnail(context, track, index, left, right, height, theme) {
  const image = track.pictures[index];
  const scale = (height - 4) / (image.naturalHeight || 1);
  const shown = Math.min(image.naturalWidth * scale, right - left);
  context.fillStyle = theme.line;
  context.globalAlpha = 0.5;
  context.fillRect(left, 0, right - left, height);
  context.globalAlpha = 1;
  if (shown)
    context.drawImage(
      image,
      (image.naturalWidth - shown / scale) / 2,
      0,
      shown / scale,
      image.naturalHeight,
      left,
      2,
      shown,
      height - 4,
    );
  const caption = track.items[index][2];
  context.fillStyle = theme.soft;
  if (fitted(context, track, index, caption, right - left - shown - 16) === caption)
    context.fillText(caption, left + shown + 8, height / 2);
}
