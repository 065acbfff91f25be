/* Names of pitches. */

const PITCHES = ['C', 'C♯', 'D', 'D♯', 'E', 'F', 'F♯', 'G', 'G♯', 'A', 'A♯', 'B'];

/** Name of a MIDI pitch, e.g. C4 for 60. */
export const pitchName = pitch => PITCHES[pitch % 12] + (Math.floor(pitch / 12) - 1);

/** Whether a pitch has a black key. */
export const isBlackKey = pitch => PITCHES[pitch % 12].length > 1;
