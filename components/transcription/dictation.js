/* Dictation: the microphone's sound goes to Python in chunks, each when the one before has been transcribed.
   `element`, `trigger`, `props` and `watch` come from gr.HTML. */

const button = element.querySelector('button');
const note = element.querySelector('.dictation-note');
const MIN_CHUNK_SECONDS = 0.5;
const MAX_SAMPLE = 32767;
const TAP = `registerProcessor('tap', class extends AudioWorkletProcessor {
  process([[channel]]) { if (channel) this.port.postMessage(channel.slice()); return true; }
});`;
let session = null;

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
  const context = new AudioContext();
  const address = URL.createObjectURL(new Blob([TAP], {type: 'text/javascript'}));
  await context.audioWorklet.addModule(address);
  URL.revokeObjectURL(address);
  const tap = new AudioWorkletNode(context, 'tap', {numberOfOutputs: 0, channelCount: 1, channelCountMode: 'explicit'});
  const now = {microphone, context, pieces: [], samples: 0, sent: 0, first: true, waiting: false, ending: false};
  session = now;
  tap.port.onmessage = ({data}) => {
    now.pieces.push(data);
    now.samples += data.length;
    pump(now);
  };
  context.createMediaStreamSource(microphone).connect(tap);
  button.setAttribute('aria-pressed', 'true');
  button.textContent = 'Stop dictating';
  showNote('Speak …');
}

/** Send what has come in, unless Python is still at the piece before. */
function pump(now) {
  const enough = now.samples >= MIN_CHUNK_SECONDS * now.context.sampleRate;
  if (now !== session || now.waiting || !(enough || now.ending)) return;
  const piece = new Int16Array(now.samples);
  let at = 0;
  for (const part of now.pieces) for (const value of part) piece[at++] = Math.max(-1, Math.min(1, value)) * MAX_SAMPLE;
  trigger('chunk', {pcm: base64(piece), rate: now.context.sampleRate, first: now.first, last: now.ending});
  Object.assign(now, {pieces: [], samples: 0, first: false, waiting: true, sent: now.sent + at / now.context.sampleRate});
  if (!now.ending) showNote(`${now.sent.toFixed(0)} s`);
}

function base64(piece) {
  let text = '';
  for (const byte of new Uint8Array(piece.buffer)) text += String.fromCharCode(byte);
  return btoa(text);
}

function stop() {
  const now = session;
  now.microphone.getTracks().forEach(track => track.stop());
  now.ending = true;
  button.disabled = true;
  showNote('Writing the last words …');
  pump(now);
}

function close() {
  session?.microphone.getTracks().forEach(track => track.stop());
  session?.context.close();
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
  } else if (session) {
    session.waiting = false;
    pump(session);
  }
});
