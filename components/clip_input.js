/* The clip bar: upload, drop, record, examples. `element`, `trigger`, `props`, `watch` and `upload` come from gr.HTML. */

const bar = element.querySelector('.clip-bar');
const picker = bar.querySelector('.clip-file');
const recordButton = bar.querySelector('.clip-record');
const examplesButton = bar.querySelector('.clip-examples-button');
const examplesMenu = bar.querySelector('.clip-examples');
const note = bar.querySelector('.clip-note');
const RECORDING_TYPES = ['audio/webm;codecs=opus', 'audio/mp4', 'audio/ogg;codecs=opus'];
let recorder = null;
let clock = null;

function say(text, kind = 'plain') {
  note.textContent = text;
  note.dataset.kind = kind;
}

async function send(file) {
  if (file.size > props.max_bytes) {
    say(`This file is larger than the limit of ${Math.round(props.max_bytes / 1e6)} MB.`, 'error');
    return;
  }
  say(`Loading ${file.name} …`);
  try {
    const { path } = await upload(file);
    trigger('uploaded', { path, name: file.name });
  } catch {
    say('The upload was interrupted: please try again.', 'error');
  }
}

/* Recording */

async function startRecording() {
  let microphone;
  try {
    microphone = await navigator.mediaDevices.getUserMedia({ audio: true });
  } catch {
    say('The microphone is not available: please allow it for this page.', 'error');
    return;
  }
  const mimeType = RECORDING_TYPES.find((type) => MediaRecorder.isTypeSupported(type));
  const parts = [];
  recorder = new MediaRecorder(microphone, mimeType ? { mimeType } : {});
  recorder.ondataavailable = (event) => parts.push(event.data);
  recorder.onstop = () => finishRecording(microphone, parts);
  recorder.start();
  showRecording(performance.now());
}

function showRecording(began) {
  recordButton.setAttribute('aria-pressed', 'true');
  recordButton.textContent = 'Stop recording';
  const tick = () => say(`Recording ${((performance.now() - began) / 1000).toFixed(1)} s`);
  tick();
  clock = setInterval(tick, 100);
}

function finishRecording(microphone, parts) {
  clearInterval(clock);
  microphone.getTracks().forEach((track) => track.stop());
  recordButton.setAttribute('aria-pressed', 'false');
  recordButton.textContent = 'Record';
  const type = recorder.mimeType;
  recorder = null;
  const ending = type.includes('mp4') ? 'm4a' : type.includes('ogg') ? 'ogg' : 'webm';
  const time = new Date().toTimeString().slice(0, 5).replace(':', '.');
  send(new File(parts, `Recording ${time}.${ending}`, { type }));
}

/* Examples */

function showExamples(open) {
  examplesMenu.hidden = !open;
  examplesButton.setAttribute('aria-expanded', String(open));
  if (open) examplesMenu.querySelector('button').focus();
}

function takeExample(button) {
  showExamples(false);
  examplesButton.focus();
  say(`Loading ${button.querySelector('b').textContent} …`);
  trigger('example', { index: Number(button.dataset.index) });
}

/* Dropping a file anywhere on the page */

const card = element.closest('#clip') ?? element;

function carriesFile(event) {
  return [...(event.dataTransfer?.types ?? [])].includes('Files');
}

window.addEventListener('dragover', (event) => {
  if (!carriesFile(event)) return;
  event.preventDefault();
  card.classList.add('clip-drop');
});
window.addEventListener('dragleave', (event) => {
  if (event.relatedTarget === null) card.classList.remove('clip-drop');
});
window.addEventListener('drop', (event) => {
  if (!carriesFile(event)) return;
  event.preventDefault();
  card.classList.remove('clip-drop');
  const [file] = event.dataTransfer.files;
  if (file) send(file);
});

bar.querySelector('.clip-upload').addEventListener('click', () => picker.click());
picker.addEventListener('change', () => {
  const [file] = picker.files;
  if (file) send(file);
  picker.value = '';
});
recordButton.addEventListener('click', () => (recorder ? recorder.stop() : startRecording()));
examplesButton.addEventListener('click', () => showExamples(examplesMenu.hidden));
examplesMenu.addEventListener('click', (event) => {
  const button = event.target.closest('button');
  if (button) takeExample(button);
});
bar.addEventListener('keydown', (event) => {
  if (event.key === 'Escape' && !examplesMenu.hidden) {
    showExamples(false);
    examplesButton.focus();
  }
});
document.addEventListener('click', (event) => {
  if (!bar.contains(event.target)) showExamples(false);
});
watch('value', () => say(props.value?.note ?? '', props.value?.kind));
