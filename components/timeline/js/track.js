/* A track: its items or frames, those in view, and the one under a pointer. */

import {bytesOf, lowerBound} from '../../page/numbers.js';
import {fileUrl} from '../../page/file_url.js';
import {KINDS} from './track_kinds.js';

const MAX_LANES = 3;
export const LANE_HEIGHT = 22; // CSS pixels
export const IMAGE_COLUMNS = 2048; // frames in one offscreen picture of a frame track
const NOTE_REACH = 2; // CSS pixels around a note or a box that still belong to it
const POINT_REACH = 5; // CSS pixels beside a moment that still belong to it

/**
 * Items of a track, as Python's tracks.py describes them; a track grows at its end.
 *
 * `onPicture` is called when a thumbnail of the track has loaded.
 */
export class Track {
  constructor(id, onPicture) {
    this.id = id;
    this.tab = null; // the tab whose job made it
    this.onPicture = onPicture;
    this.folded = false;
    this.text = '';
  }

  /** Take over the track's text, of which only the new tail is parsed; returns whether anything changed. */
  update(text) {
    if (text === this.text) return false;
    const grown = this.text !== '' && text.startsWith(this.text);
    if (!grown) this.begin(JSON.parse(text.slice(0, text.indexOf('\n'))));
    const tail = text.slice(grown ? this.text.length : text.indexOf('\n') + 1);
    const items = tail ? JSON.parse(`[${tail.slice(0, -1)}]`) : [];
    this.kind.add(this, items);
    this.text = text;
    return true;
  }

  begin(head) {
    this.head = head;
    this.kind = KINDS[head.kind];
    this.items = [];
    this.starts = [];
    this.reach = []; // the latest end so far: what lies before the first value >= t is over at t
    this.lanes = []; // of each item
    this.laneEnds = [];
    this.widths = []; // of texts, in pixels, measured when first drawn
    this.pictures = [];
    this.blocks = []; // of frames
    this.frames = 0;
    this.lowest = 127;
    this.highest = 0;
    this.selected = this.current = -1;
  }

  /** [first, last) of the items that touch the stretch from `start` to `end`. */
  range(start, end) {
    return [lowerBound(this.reach, start), lowerBound(this.starts, end)];
  }

  /** The index of the item at `time`: the one that began last and is not over; -1 for none. */
  at(time) {
    for (let i = lowerBound(this.starts, time + 1e-6) - 1; i >= 0 && this.reach[i] > time; i--) {
      if (this.items[i][1] > time) return i;
    }
    return -1;
  }
}

export function addItems(track, items) {
  for (const item of items) {
    track.items.push(item);
    track.starts.push(item[0]);
    track.reach.push(Math.max(item[1], track.reach.at(-1) ?? 0));
  }
}

/** Spans may overlap: each goes to the first lane that is free, of at most MAX_LANES. */
export function addSpans(track, items) {
  addItems(track, items);
  for (const [start, end] of items) {
    let lane = track.laneEnds.findIndex(busy => busy <= start + 1e-6);
    if (lane < 0)
      lane = track.laneEnds.length < MAX_LANES ? track.laneEnds.length : track.laneEnds.indexOf(Math.min(...track.laneEnds));
    track.laneEnds[lane] = end;
    track.lanes.push(lane);
  }
}

export function addNotes(track, items) {
  addItems(track, items);
  for (const item of items) {
    track.lowest = Math.min(track.lowest, item[2]);
    track.highest = Math.max(track.highest, item[2]);
  }
}

export function addPictures(track, items) {
  addItems(track, items);
  for (const item of items) {
    const image = new Image();
    image.onload = track.onPicture;
    image.src = item[3].startsWith('data:') ? item[3] : fileUrl(item[3]);
    track.pictures.push(image);
  }
}

/** Frames arrive in blocks; pictures of IMAGE_COLUMNS frames are made from them when drawn. */
export function addFrames(track, blocks, depth) {
  for (const base64 of blocks) {
    const bytes = bytesOf(base64);
    for (let frame = 0; frame < bytes.length / depth; frame++, track.frames++) {
      if (track.frames % IMAGE_COLUMNS === 0) track.blocks.push({bytes: new Uint8Array(IMAGE_COLUMNS * depth), count: 0});
      const block = track.blocks.at(-1);
      block.bytes.set(bytes.subarray(frame * depth, (frame + 1) * depth), block.count++ * depth);
      block.theme = null;
    }
  }
}

/** The frame of a frame track at `time`; -1 for none. */
export function frameAt(track, time) {
  const frame = Math.floor((time - track.head.start) / track.head.hop + 1e-6);
  return frame >= 0 && frame < track.frames ? frame : -1;
}

/** The top and the height of a pitch in the piano roll. */
export function noteRow(track, pitch, height) {
  const room = Math.max(track.highest - track.lowest + 1, 12);
  const each = (height - 6) / room;
  return {top: 3 + (track.highest + (room - (track.highest - track.lowest + 1)) / 2 - pitch) * each, each: Math.max(each, 2)};
}

const percent = score => `${Math.round(100 * score)} %`;

/** Text of an item, with its score where that is below 1. */
export function textWithScore(track, index) {
  const [, , text, score] = track.items[index];
  return score < 0.995 ? `${text} (${percent(score)})` : text;
}

export const hasFrames = track => 'hop' in track.head;
export const countOf = track => (hasFrames(track) ? track.frames : track.items.length);

/** Start and end of an item or a frame. */
export function extentOf(track, index) {
  if (!hasFrames(track)) return track.items[index];
  const start = track.head.start + index * track.head.hop;
  return [start, start + track.head.hop];
}

/** The two strongest rows of a frame of a heatmap. */
export function strongestRows(track, frame) {
  const {rows} = track.head;
  const {bytes} = track.blocks[Math.floor(frame / IMAGE_COLUMNS)];
  const at = (frame % IMAGE_COLUMNS) * rows.length;
  const best = rows
    .map((name, row) => [bytes[at + row] / 255, name])
    .sort((a, b) => b[0] - a[0])
    .slice(0, 2);
  return best.map(([score, name]) => `${name} ${percent(score)}`).join(', ');
}

/** The index of the item of a track at (x, y) in its row, in CSS pixels; -1 for none. */
export function itemAt(track, view, x, y) {
  const time = view.time(x);
  const {kind} = track.head;
  if (hasFrames(track)) return frameAt(track, time);
  const reach = (kind === 'points' ? POINT_REACH : NOTE_REACH) * view.secondsPerPixel;
  const [first, last] = track.range(time - reach, time + reach);
  let best = -1;
  let distance = Infinity;
  for (let i = last - 1; i >= first; i--) {
    const [start, end, pitch] = track.items[i];
    const away = Math.max(start - time, time - end, 0);
    if (away > reach || away >= distance) continue;
    if (kind === 'spans' && track.lanes[i] !== Math.floor(y / LANE_HEIGHT)) continue;
    if (kind === 'notes') {
      const {top, each} = noteRow(track, pitch, track.kind.height(track));
      if (y < top - NOTE_REACH || y > top + each + NOTE_REACH) continue;
    }
    best = i;
    distance = away;
  }
  return best;
}
