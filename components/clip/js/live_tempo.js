/* The tempo of what is being recorded, and a dot that flashes on its beats. */

import {part} from './clip_bar.js';
import {SoundChunks} from './sound_chunks.js';

const FLASH_MS = 120;
const MAX_AGE_SECONDS = 3; // of an answer, after which the dot rests

const line = part('tempo');
const dot = line.querySelector('i');
const tempoText = line.querySelector('span');
const still = matchMedia('(prefers-reduced-motion: reduce)');
let chunks = null;
let pulse = null; // {beat, period}: seconds since the beginning of the recording
let flashTimer = 0;

/** Send the sound of a microphone to Python, until `stopTempo`. */
export async function startTempo(microphone) {
  chunks = new SoundChunks(chunk => trigger('sounded', chunk));
  await chunks.open(microphone);
}

/** Show what Python answers to a chunk: {bpm, beat}, the latest beat in seconds; or why there is no answer. */
export function showTempo({bpm = null, beat = null, failure = ''}) {
  chunks.answered();
  if (chunks.ending) return;
  line.hidden = bpm === null && !failure;
  dot.hidden = bpm === null;
  tempoText.textContent = bpm === null ? failure : `Tempo ${Math.round(bpm)} BPM`;
  pulse = bpm === null ? null : {beat, period: 60 / bpm, at: chunks.seconds};
  clearTimeout(flashTimer);
  scheduleFlash();
}

/** The beats go on as they came, for a while: wait for the next one. */
function scheduleFlash() {
  if (!pulse || still.matches) return;
  const now = chunks.seconds;
  const next = pulse.beat + pulse.period * (Math.floor((now - pulse.beat) / pulse.period) + 1);
  if (next > pulse.at + MAX_AGE_SECONDS) return;
  flashTimer = setTimeout(
    () => {
      dot.classList.add('on');
      setTimeout(() => dot.classList.remove('on'), FLASH_MS);
      scheduleFlash();
    },
    1000 * (next - now),
  );
}

export function stopTempo() {
  clearTimeout(flashTimer);
  chunks.end();
  pulse = null;
  line.hidden = true;
}
