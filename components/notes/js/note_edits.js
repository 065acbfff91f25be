/* Edits of notes as pairs [before, after]: null before a new note, null after one that is deleted. */

import {clamp} from '../../page/numbers.js';
import {MAX_PITCH, MAX_VELOCITY} from './roll.js';

const MIN_SECONDS = 0.02; // of a note
const DECIMALS = 1e4; // 0.1 ms

const rounded = seconds => Math.round(seconds * DECIMALS) / DECIMALS;
const changed = (note, fields) => [note, {...note, ...fields}];

/** The notes later by `seconds` and higher by `semitones`, as far as all of them stay in the clip and on the keyboard. */
export function moved(notes, seconds, semitones, duration) {
  const first = Math.min(...notes.map(note => note.onset));
  const last = Math.max(...notes.map(note => note.offset));
  const by = clamp(seconds, -first, Math.max(duration - last, 0));
  const up = clamp(
    semitones,
    -Math.min(...notes.map(note => note.pitch)),
    MAX_PITCH - Math.max(...notes.map(note => note.pitch)),
  );
  return notes.map(note =>
    changed(note, {
      onset: rounded(note.onset + by),
      offset: rounded(note.onset + by + (note.offset - note.onset)),
      pitch: note.pitch + up,
    }),
  );
}

/** The time of the grid that is nearest: the beats, each in `grid` parts; outside of the beats the time itself. */
export function snapped(time, beats, grid) {
  const index = beats.findLastIndex(([beat]) => beat <= time);
  if (index < 0 || index + 1 >= beats.length) return time;
  const [start, end] = [beats[index][0], beats[index + 1][0]];
  const step = (end - start) / grid;
  return start + Math.round((time - start) / step) * step;
}

/** The notes with their start or end moved by `seconds`; none becomes shorter than MIN_SECONDS. */
export function resized(notes, side, seconds, duration) {
  return notes.map(note =>
    side === 'start'
      ? changed(note, {onset: rounded(clamp(note.onset + seconds, 0, note.offset - MIN_SECONDS))})
      : changed(note, {offset: rounded(clamp(note.offset + seconds, note.onset + MIN_SECONDS, duration))}),
  );
}

export const deleted = notes => notes.map(note => [note, null]);

/** A new note between two times in any order. */
export function drawn({pitch, velocity, part}, one, other, duration) {
  const [start, end] = [Math.min(one, other), Math.max(one, other)];
  const onset = rounded(clamp(start, 0, duration - MIN_SECONDS));
  const offset = rounded(clamp(end, onset + MIN_SECONDS, duration));
  return [[null, {onset, offset, pitch, velocity, part, bend: []}]];
}

/** The notes louder by a factor. */
export function scaled(notes, factor) {
  return notes.map(note => changed(note, {velocity: clamp(Math.round(note.velocity * factor), 1, MAX_VELOCITY)}));
}

/** The notes louder by a difference of velocities. */
export function louder(notes, by) {
  return notes.map(note => changed(note, {velocity: clamp(Math.round(note.velocity + by), 1, MAX_VELOCITY)}));
}

/** The notes after an edit, and those that it changed or made. */
export function applied(notes, pairs) {
  const after = new Map(pairs.filter(([before]) => before));
  const now = pairs.map(pair => pair[1]).filter(Boolean);
  return {notes: [...notes.filter(note => !after.has(note)), ...now], changed: now};
}

/** A note as Python reads it. */
export const fieldsOf = ({onset, offset, pitch, velocity, part}) => [onset, offset, pitch, velocity, part];

/** The edit as Python reads it; null where it changes nothing. */
export function sent(pairs) {
  const real = pairs.filter(([before, after]) => !before || !after || fieldsOf(before).join() !== fieldsOf(after).join());
  return real.length ? real.map(pair => pair.map(note => note && fieldsOf(note))) : null;
}
