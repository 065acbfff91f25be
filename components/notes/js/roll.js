/* The piano roll without its pictures: notes, rows, selection, and what lies where. */

import {clamp} from '../../page/numbers.js';
import {pitchName} from '../../page/pitch_names.js';

const ROOM_PITCHES = 3; // free rows above the highest and below the lowest note
const MIN_PITCHES = 24; // rows of pitches at least
const EDGE_PIXELS = 6; // at both ends of a note, by which it is made longer
const MIN_BODY_PIXELS = 8; // of a note between its ends; a narrower one has no start to take hold of
const REACH_PIXELS = 3; // around a short note that still belong to it
export const MAX_PITCH = 127;
export const MAX_VELOCITY = 127;

/** A note is {onset, offset, pitch, velocity, part, bend}: seconds, MIDI numbers, the index of its part, and its curve. */
const byTime = (a, b) => a.onset - b.onset || a.pitch - b.pitch;

export class Roll {
  constructor() {
    this.notes = []; // in order of time
    this.parts = []; // {name, drums: {pitch: name} or null}
    this.beats = []; // [seconds, number of the bar that begins there or null]
    this.pedals = []; // [seconds pressed, seconds released] of the sustain pedal
    this.duration = 0;
    this.pitchNames = undefined; // of the twelve pitch classes from C up, as the key spells them
    this.selected = new Set();
    this.rowHeight = 12; // CSS pixels
    this.rows = []; // {pitch, name, isDrum}, the highest first, drums last
  }

  nameOf(pitch) {
    return pitchName(pitch, this.pitchNames);
  }

  /** Show other notes; those that are selected stay so where they still are. */
  show(notes, parts = this.parts) {
    const chosen = new Set([...this.selected].map(keyOf));
    this.parts = parts;
    this.notes = [...notes].sort(byTime);
    this.selected = new Set(this.notes.filter(note => chosen.has(keyOf(note))));
    this.placeRows();
  }

  placeRows() {
    const pitches = this.notes.filter(note => !this.isDrum(note)).map(note => note.pitch);
    const lowest = pitches.reduce((low, pitch) => Math.min(low, pitch), pitches.length ? MAX_PITCH : 60) - ROOM_PITCHES;
    const highest = pitches.reduce((high, pitch) => Math.max(high, pitch), pitches.length ? 0 : 60) + ROOM_PITCHES;
    const more = Math.max(MIN_PITCHES - (highest - lowest + 1), 0) / 2;
    const [low, high] = [Math.max(lowest - Math.floor(more), 0), Math.min(highest + Math.ceil(more), MAX_PITCH)];
    const pitched = Array.from({length: high - low + 1}, (_, i) => ({pitch: high - i, name: '', isDrum: false}));
    const drums = this.parts.flatMap(({drums: names}) => Object.entries(names ?? {}));
    this.rows = [
      ...pitched,
      ...drums.map(([pitch, name]) => ({pitch: Number(pitch), name, isDrum: true})).sort((a, b) => b.pitch - a.pitch),
    ];
    this.rowIndex = new Map(this.rows.map((row, index) => [`${row.isDrum}${row.pitch}`, index]));
  }

  get height() {
    return this.rows.length * this.rowHeight;
  }

  isDrum(note) {
    return Boolean(this.parts[note.part]?.drums);
  }

  /** The index of a note's row; -1 where it has none. */
  rowOf(note) {
    return this.rowIndex.get(`${this.isDrum(note)}${note.pitch}`) ?? -1;
  }

  rowAt(y) {
    return this.rows[clamp(Math.floor(y / this.rowHeight), 0, this.rows.length - 1)];
  }

  /** The note at a place in CSS pixels and the side of it: {note, side: 'start', 'end' or 'body'}; null for none. */
  hit(view, x, y) {
    const row = Math.floor(y / this.rowHeight);
    for (const note of this.notes.toReversed()) {
      if (this.rowOf(note) !== row) continue;
      const [left, right] = [view.x(note.onset), Math.max(view.x(note.offset), view.x(note.onset) + REACH_PIXELS)];
      if (x < left - REACH_PIXELS || x > right + REACH_PIXELS) continue;
      const edge = Math.min(EDGE_PIXELS, (right - left - MIN_BODY_PIXELS) / 2);
      const side = x > right - Math.max(edge, 1) ? 'end' : x < left + edge ? 'start' : 'body';
      return {note, side: this.isDrum(note) ? 'body' : side};
    }
    return null;
  }

  /** The notes that touch a box of CSS pixels. */
  within(view, [ax, ay], [bx, by]) {
    const [from, to] = [view.time(Math.min(ax, bx)), view.time(Math.max(ax, bx))];
    const [top, bottom] = [Math.min(ay, by), Math.max(ay, by)].map(y => Math.floor(y / this.rowHeight));
    return this.notes.filter(note => {
      const row = this.rowOf(note);
      return row >= top && row <= bottom && note.offset >= from && note.onset <= to;
    });
  }

  /** The note before or after the selected ones, by `step` of 1 or -1; without a selection, the first after a time. */
  neighbour(step, time) {
    const chosen = this.notes.map((note, index) => (this.selected.has(note) ? index : -1)).filter(index => index >= 0);
    const after = this.notes.findIndex(note => note.onset >= time);
    const here = chosen.length ? (step > 0 ? chosen.at(-1) : chosen[0]) + step : after < 0 ? this.notes.length - 1 : after;
    return this.notes[clamp(here, 0, this.notes.length - 1)] ?? null;
  }
}

/** What a note is known by in edits: no two notes have the same. */
const keyOf = ({onset, offset, pitch, velocity, part}) => [onset, offset, pitch, velocity, part].join();
