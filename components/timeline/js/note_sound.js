/* The sound of single notes, beside the player. */

import {playDrum, playNote} from '../../page/synth.js';

const MAX_SECONDS = 1.5;
let noteContext = null;
let lastNote = null;

/** Play a note at once; it ends the one before. */
export function soundNote({pitch, velocity, seconds, isDrum}) {
  noteContext ??= new AudioContext();
  noteContext.resume();
  lastNote?.stop();
  const note = {pitch, velocity, when: noteContext.currentTime, seconds: Math.min(seconds, MAX_SECONDS)};
  lastNote = (isDrum ? playDrum : playNote)(noteContext, noteContext.destination, note);
}
