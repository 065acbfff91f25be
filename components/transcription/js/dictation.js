/* Dictation: the microphone's sound goes to Python, which answers each chunk with what is written so far.
   `element`, `trigger`, `props` and `watch` come from gr.HTML. */

import {SoundChunks} from '../../clip/js/sound_chunks.js';
import {label} from '../../page/labels.js';

const MIN_DB = -60;
const button = element.querySelector('button');
const status = element.querySelector('.dictation-note');
const meter = element.querySelector('.dictation-level');
let session = null; // {microphone, chunks}

function showNote(text, failed = false) {
  status.textContent = text;
  status.classList.toggle('failed', failed);
}

async function start() {
  let microphone;
  button.disabled = true;
  try {
    microphone = await navigator.mediaDevices.getUserMedia({audio: {channelCount: 1}});
  } catch {
    showNote(label('refused'), true);
    return;
  } finally {
    button.disabled = false;
  }
  const chunks = new SoundChunks(chunk => {
    trigger('chunk', chunk);
    if (!chunk.last) showNote(label('seconds', {seconds: chunks.sentSeconds.toFixed(0)}));
  });
  session = {microphone, chunks};
  button.setAttribute('aria-pressed', 'true');
  button.textContent = label('stop');
  showNote(label('speak'));
  trigger('begun', {});
  window.dispatchEvent(new CustomEvent('audioscope:dictation'));
  showLevel(session);
  await chunks.open(microphone);
}

/** Move the meter with the sound until the session ends. */
function showLevel({microphone, chunks}) {
  const analyser = new AnalyserNode(chunks.context, {fftSize: 2048});
  chunks.context.createMediaStreamSource(microphone).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  meter.hidden = false;
  const draw = () => {
    if (session?.chunks !== chunks || chunks.ending) return;
    analyser.getFloatTimeDomainData(samples);
    const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
    const level = Math.max(MIN_DB, 10 * Math.log10(power));
    meter.style.setProperty('--level', 1 - level / MIN_DB);
    meter.setAttribute('aria-valuenow', level.toFixed(0));
    requestAnimationFrame(draw);
  };
  draw();
}

/** Leave the microphone at once; what it gave until now is still written. */
function endSound() {
  session.microphone.getTracks().forEach(track => track.stop());
  session.chunks.end();
  meter.hidden = true;
}

function stop() {
  button.disabled = true;
  showNote(label('finishing'));
  endSound();
}

function close() {
  if (session) endSound();
  session = null;
  button.disabled = false;
  button.setAttribute('aria-pressed', 'false');
  button.textContent = label('start');
}

button.addEventListener('click', () => (session ? stop() : start()));
window.addEventListener('beforeunload', event => {
  if (session) event.preventDefault(); // the browser asks
});
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
