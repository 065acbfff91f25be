/* Recording from the microphone. */

import {part, showNote} from './clip_bar.js';
import {startTempo, stopTempo} from './live_tempo.js';
import {wantedTab} from './open_panel.js';
import {uploadFile} from './uploading.js';

const RECORDING_TYPES = ['audio/webm;codecs=opus', 'audio/mp4', 'audio/ogg;codecs=opus'];
const TICK_MS = 100;

export const recordButton = part('record');
let recorder = null;
let ticking = null;

async function startRecording() {
  let microphone;
  try {
    microphone = await navigator.mediaDevices.getUserMedia({audio: true});
  } catch {
    showNote('The microphone is not available: please allow it for this page.', 'error');
    return;
  }
  const mimeType = RECORDING_TYPES.find(type => MediaRecorder.isTypeSupported(type));
  const parts = [];
  recorder = new MediaRecorder(microphone, mimeType ? {mimeType} : {});
  recorder.ondataavailable = event => parts.push(event.data);
  recorder.onstop = () => finishRecording(microphone, parts);
  recorder.start();
  showRecording(performance.now());
  startTempo(microphone);
}

function showRecording(began) {
  recordButton.setAttribute('aria-pressed', 'true');
  recordButton.textContent = 'Stop recording';
  const tick = () => showNote(`Recording ${((performance.now() - began) / 1000).toFixed(1)} s`);
  tick();
  ticking = setInterval(tick, TICK_MS);
}

function finishRecording(microphone, parts) {
  clearInterval(ticking);
  stopTempo();
  microphone.getTracks().forEach(track => track.stop());
  recordButton.setAttribute('aria-pressed', 'false');
  recordButton.textContent = 'Record';
  const type = recorder.mimeType;
  recorder = null;
  const ending = type.includes('mp4') ? 'm4a' : type.includes('ogg') ? 'ogg' : 'webm';
  const time = new Date().toTimeString().slice(0, 5).replace(':', '.');
  uploadFile(new File(parts, `Recording ${time}.${ending}`, {type}), wantedTab());
}

/** Start recording, or end it. */
export function toggleRecording() {
  if (recorder) recorder.stop();
  else startRecording();
}
