/* The pitches of a chord. */

const LOWEST_ROOT = 48; // MIDI: chords have their root from C3 to B3

/** The MIDI pitches of a chord in close position, the root lowest; `classes` are pitch classes from 0 for C, the root first. */
export function voicing(classes) {
  const root = LOWEST_ROOT + classes[0];
  return classes.map(pitchClass => root + ((pitchClass - classes[0] + 12) % 12));
}
