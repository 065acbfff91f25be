/* Names of pitches. */

const SHARPS = ['C', 'C♯', 'D', 'D♯', 'E', 'F', 'F♯', 'G', 'G♯', 'A', 'A♯', 'B'];

/** Name of a MIDI pitch, e.g. C4 for 60; `names` are those of the twelve pitch classes from C up, as a key spells them. */
export const pitchName = (pitch, names = SHARPS) => names[pitch % 12] + (Math.floor(pitch / 12) - 1);

/** Whether a pitch has a black key. */
export const isBlackKey = pitch => SHARPS[pitch % 12].length > 1;
