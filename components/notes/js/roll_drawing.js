/* Drawing the piano roll: keys, rows, bars, notes, and the lane of velocities. */

import {label} from '../../page/labels.js';
import {isBlackKey} from '../../page/pitch_names.js';
import {View} from '../../timeline/js/view.js';
import {MAX_VELOCITY} from './roll.js';

const PART_COLOURS = ['blue', 'pink', 'green', 'orange', 'red', 'sky'];
const BLACK_KEY_WIDTH = 0.58; // of the width of a white one
const MIN_BEAT_PIXELS = 10; // from one line of a beat to the next
const MIN_BAR_PIXELS = 26; // from one number of a bar to the next
const MIN_NAME_PIXELS = 26; // of a note that shows its name
const NOTE_RADIUS = 2.5;
const PEDAL_HEIGHT = 5; // CSS pixels
export const LANE_HEIGHT = 44; // CSS pixels

/** A cleared context in CSS pixels; null while the canvas is not shown. */
function contextOf(canvas, height) {
  const ratio = devicePixelRatio || 1;
  const width = canvas.clientWidth;
  if (!width) return null;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  canvas.style.height = `${height}px`;
  const context = canvas.getContext('2d');
  context.scale(ratio, ratio);
  return context;
}

/** The view of the timeline on lanes of another width. */
export function viewOn(shown, width) {
  return Object.assign(new View(), {duration: shown.duration, start: shown.start, span: shown.span, width: Math.max(width, 1)});
}

/**
 * Draw the roll on its canvas, with the keys in the first `gutter` pixels.
 *
 * `scene` has the roll, the view, the theme, the notes that an unfinished gesture shows instead (a Map), the pitch under
 * the pointer, and a marquee [[x, y], [x, y]] or null.
 */
export function drawRoll(canvas, gutter, scene) {
  const {roll, view, theme, marquee} = scene;
  const context = contextOf(canvas, roll.height);
  if (!context) return;
  context.save();
  context.beginPath();
  context.rect(gutter, 0, view.width, roll.height);
  context.clip();
  context.translate(gutter, 0);
  drawRows(context, roll, view, theme);
  drawBeats(context, roll, view, theme, roll.height);
  for (const note of shownNotes(scene)) drawNote(context, scene, note);
  if (marquee) drawMarquee(context, marquee, theme);
  context.restore();
  drawKeys(context, gutter, scene);
}

function* shownNotes({roll, view, preview}) {
  for (const note of roll.notes) {
    const now = preview.has(note) ? preview.get(note) : note;
    if (now && now.offset >= view.start && now.onset <= view.end) yield now;
  }
  for (const note of preview.get(null) ?? []) yield note;
}

function drawRows(context, roll, view, theme) {
  roll.rows.forEach(({pitch, isDrum}, index) => {
    const top = index * roll.rowHeight;
    context.fillStyle = theme.line;
    context.globalAlpha = isDrum || !isBlackKey(pitch) ? 0 : 0.38;
    context.fillRect(0, top, view.width, roll.rowHeight);
    context.globalAlpha = isDrum || pitch % 12 === 0 ? 0.9 : 0.28;
    context.fillRect(0, top + roll.rowHeight - 0.5, view.width, 0.5);
  });
  context.globalAlpha = 1;
}

function drawBeats(context, roll, view, theme, height) {
  const visible = roll.beats.filter(([time]) => view.has(time));
  const gap = visible.length > 1 ? (view.x(visible.at(-1)[0]) - view.x(visible[0][0])) / (visible.length - 1) : Infinity;
  for (const [time, bar] of visible) {
    if (bar === null && gap < MIN_BEAT_PIXELS) continue;
    context.globalAlpha = bar === null ? 0.22 : 0.55;
    context.fillStyle = theme.soft;
    context.fillRect(Math.round(view.x(time)), 0, 1, height);
  }
  context.globalAlpha = 1;
}

/** The numbers of the bars on their own canvas, above the roll. */
export function drawBars(canvas, gutter, {roll, view, theme}) {
  const height = 16;
  const context = contextOf(canvas, height);
  if (!context) return;
  context.font = theme.small;
  context.textBaseline = 'middle';
  context.fillStyle = theme.soft;
  let last = -Infinity;
  for (const [time, bar] of roll.beats) {
    const x = view.x(time);
    if (bar === null || !view.has(time) || x - last < MIN_BAR_PIXELS) continue;
    last = x;
    context.fillText(String(bar), gutter + x + 3, height / 2);
    context.fillRect(gutter + Math.round(x), 4, 1, height - 4);
  }
}

const partColour = (theme, part) => theme[PART_COLOURS[part % PART_COLOURS.length]];

function drawNote(context, {roll, view, theme, preview}, note) {
  const row = roll.rowOf(note);
  if (row < 0) return;
  const [left, top] = [view.x(note.onset), row * roll.rowHeight + 0.5];
  const width = Math.max(view.x(note.offset) - left - 0.5, 2);
  const height = roll.rowHeight - 1;
  const isSelected = roll.selected.has(note) || [...(preview.get(null) ?? [])].includes(note) || isMoved(roll, preview, note);
  context.globalAlpha = 0.35 + 0.65 * (note.velocity / MAX_VELOCITY);
  context.fillStyle = partColour(theme, note.part);
  context.beginPath();
  context.roundRect(left, top, width, height, Math.min(NOTE_RADIUS, width / 2));
  context.fill();
  context.globalAlpha = 1;
  if (isSelected) {
    context.strokeStyle = theme.ink;
    context.lineWidth = 1.5;
    context.stroke();
  }
  if (note.bend.length > 1) drawBend(context, roll, note, left, width, top + height / 2, theme);
  else if (width >= MIN_NAME_PIXELS && roll.rowHeight >= 11) {
    context.font = theme.small;
    context.textBaseline = 'middle';
    context.fillStyle = theme.ink;
    context.fillText(roll.nameOf(note.pitch), Math.max(left, 0) + 4, top + height / 2 + 0.5);
  }
}

const isMoved = (roll, preview, note) => [...preview].some(([before, after]) => after === note && roll.selected.has(before));

/** The pitch curve of a note, from its onset to its offset. */
function drawBend(context, roll, note, left, width, middle, theme) {
  context.strokeStyle = theme.ink;
  context.lineWidth = 1.25;
  context.beginPath();
  note.bend.forEach((semitones, i) =>
    context.lineTo(left + (width * i) / (note.bend.length - 1), middle - semitones * roll.rowHeight),
  );
  context.stroke();
}

function drawMarquee(context, [[ax, ay], [bx, by]], theme) {
  context.fillStyle = context.strokeStyle = theme.accent;
  context.globalAlpha = 0.14;
  context.fillRect(ax, ay, bx - ax, by - ay);
  context.globalAlpha = 1;
  context.lineWidth = 1;
  context.strokeRect(ax, ay, bx - ax, by - ay);
}

function drawKeys(context, gutter, {roll, theme, hovered}) {
  const width = gutter - 8;
  context.font = theme.small;
  context.textBaseline = 'middle';
  roll.rows.forEach((row, index) => {
    const [top, height] = [index * roll.rowHeight, roll.rowHeight];
    const isHovered = hovered?.pitch === row.pitch && hovered.isDrum === row.isDrum;
    if (!row.isDrum) drawKey(context, row.pitch, top, height, width, theme);
    if (isHovered) {
      context.globalAlpha = 0.3;
      context.fillStyle = theme.accent;
      context.fillRect(0, top, width, height);
      context.globalAlpha = 1;
    }
    if (!isHovered && !row.isDrum && row.pitch % 12) return;
    const name = row.isDrum ? row.name : roll.nameOf(row.pitch);
    context.fillStyle = isHovered || row.isDrum ? theme.ink : theme.soft;
    context.fillText(name, row.isDrum ? 0 : width - context.measureText(name).width - 4, top + height / 2 + 0.5);
  });
}

function drawKey(context, pitch, top, height, width, theme) {
  context.fillStyle = theme.soft;
  if (isBlackKey(pitch)) {
    context.globalAlpha = 0.55;
    context.fillRect(0, top, width * BLACK_KEY_WIDTH, height);
    context.globalAlpha = 0.3;
    context.fillRect(width * BLACK_KEY_WIDTH, top + height / 2, width * (1 - BLACK_KEY_WIDTH), 0.5);
  } else if ([0, 5].includes(pitch % 12)) {
    context.globalAlpha = 0.3;
    context.fillRect(0, top + height - 0.5, width, 0.5);
  }
  context.globalAlpha = 0.3;
  context.fillRect(width, top, 0.5, height);
  context.globalAlpha = 1;
}

/** The times that the pedal is down, as bars under the velocities, with its name among the keys. */
function drawPedals(context, gutter, {roll, view, theme}) {
  if (!roll.pedals.length) return;
  const top = LANE_HEIGHT - PEDAL_HEIGHT;
  context.fillStyle = theme.soft;
  context.font = theme.small;
  context.textBaseline = 'middle';
  context.fillText(label('pedal'), 0, top);
  for (const [press, release] of roll.pedals) {
    if (release < view.start || press > view.end) continue;
    const [left, right] = [Math.max(view.x(press), 0), Math.min(view.x(release), view.width)];
    context.fillRect(gutter + left, top, Math.max(right - left - 1, 1), PEDAL_HEIGHT);
  }
}

/** A bar for each onset, as high as the note is loud. */
export function drawVelocities(canvas, gutter, scene) {
  const {roll, view, theme} = scene;
  const context = contextOf(canvas, LANE_HEIGHT);
  if (!context) return;
  context.fillStyle = theme.line;
  context.fillRect(gutter, LANE_HEIGHT - 0.5, view.width, 0.5);
  for (const note of shownNotes(scene)) {
    const x = view.x(note.onset);
    if (x < 0) continue;
    const height = Math.max((note.velocity / MAX_VELOCITY) * (LANE_HEIGHT - 4), 2);
    context.globalAlpha = roll.selected.has(note) || isMoved(roll, scene.preview, note) ? 1 : 0.5;
    context.fillStyle = partColour(theme, note.part);
    context.fillRect(gutter + x - 1, LANE_HEIGHT - height, 2.5, height);
  }
  context.globalAlpha = 1;
  drawPedals(context, gutter, scene);
}
