/* Dictation: the microphone's sound goes to Python, which answers each chunk with what is written so far.
   `element`, `trigger`, `props` and `watch` come from gr.HTML. */

import {SoundChunks} from '../clip/js/sound_chunks.js';

const button = element.querySelector('button');
const note = element.querySelector('.dictation-note');
let session = null; // {microphone, chunks}

function showNote(text, failed = false) {
  note.textContent = text;
  note.classList.toggle('failed', failed);
}

async function start() {
  let microphone;
  try {
    microphone = await navigator.mediaDevices.getUserMedia({audio: {channelCount: 1}});
  } catch {
    showNote('The microphone is not available: please allow it for this page.', true);
    return;
  }
  const chunks = new SoundChunks(chunk => {
    trigger('chunk', chunk);
    if (!chunk.last) showNote(`${chunks.sentSeconds.toFixed(0)} s`);
  });
  session = {microphone, chunks};
  await chunks.open(microphone);
  button.setAttribute('aria-pressed', 'true');
  button.textContent = 'Stop dictating';
  showNote('Speak …');
}

function stop() {
  session.microphone.getTracks().forEach(track => track.stop());
  button.disabled = true;
  showNote('Writing the last words …');
  session.chunks.end();
}

function close() {
  session?.microphone.getTracks().forEach(track => track.stop());
  session?.chunks.end();
  session = null;
  button.disabled = false;
  button.setAttribute('aria-pressed', 'false');
  button.textContent = 'Dictate';
}

button.addEventListener('click', () => (session ? stop() : start()));
watch('value', () => {
  const {failure = '', clip, done} = props.value ?? {};
  if (done) {
    close();
    showNote(failure, Boolean(failure));
    if (clip) window.dispatchEvent(new CustomEvent('audioscope:open', {detail: clip}));
  } else {
    session?.chunks.answered();
  }
});
