/* The clip bar: upload, drop, record, examples, history, and cutting the loop out of the clip.
   `element`, `trigger`, `props`, `watch` and `upload` come from gr.HTML. */

const bar = element.querySelector('.clip-bar');
const part = (name) => bar.querySelector(`.clip-${name}`);
const picker = part('file');
const recordButton = part('record');
const cutButton = part('cut');
const note = part('note');
const card = element.closest('#clip') ?? element;
const RECORDING_TYPES = ['audio/webm;codecs=opus', 'audio/mp4', 'audio/ogg;codecs=opus'];
const HISTORY_KEY = 'audioscope-history';
const PERSON_KEY = 'audioscope-person';
const HISTORY_LENGTH = 20;
let recorder = null;
let ticking = null;
let loop = null;
let wishes = 0;
let opening = null; // a clip that another part of the page asked for: {hash, name, time?}

function say(text, kind = 'plain') {
  note.textContent = text;
  note.dataset.kind = kind;
}

/** Tell Python, with the name under which this browser keeps its clips, and which wish this is: the last one counts. */
function tell(event, detail) {
  wishes += 1;
  trigger(event, {...detail, person: person(), wish: wishes});
}

function person() {
  const known = localStorage.getItem(PERSON_KEY);
  if (known) return known;
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const made = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  localStorage.setItem(PERSON_KEY, made);
  return made;
}

async function send(file) {
  if (file.size > props.max_bytes) {
    say(`This file is larger than the limit of ${Math.round(props.max_bytes / 1e6)} MB.`, 'error');
    return;
  }
  say(`Loading ${file.name} …`);
  try {
    const {path} = await upload(file);
    tell('uploaded', {path, name: file.name});
  } catch {
    say('The upload was interrupted: please try again.', 'error');
  }
}

/* Recording */

async function startRecording() {
  let microphone;
  try {
    microphone = await navigator.mediaDevices.getUserMedia({audio: true});
  } catch {
    say('The microphone is not available: please allow it for this page.', 'error');
    return;
  }
  const mimeType = RECORDING_TYPES.find((type) => MediaRecorder.isTypeSupported(type));
  const parts = [];
  recorder = new MediaRecorder(microphone, mimeType ? {mimeType} : {});
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
  ticking = setInterval(tick, 100);
}

function finishRecording(microphone, parts) {
  clearInterval(ticking);
  microphone.getTracks().forEach((track) => track.stop());
  recordButton.setAttribute('aria-pressed', 'false');
  recordButton.textContent = 'Record';
  const type = recorder.mimeType;
  recorder = null;
  const ending = type.includes('mp4') ? 'm4a' : type.includes('ogg') ? 'ogg' : 'webm';
  const time = new Date().toTimeString().slice(0, 5).replace(':', '.');
  send(new File(parts, `Recording ${time}.${ending}`, {type}));
}

/* History: which clips this browser had last; the clips themselves are on the server until their age limit */

function history() {
  try {
    const entries = JSON.parse(localStorage.getItem(HISTORY_KEY) ?? '[]');
    return Array.isArray(entries) ? entries : [];
  } catch {
    return [];
  }
}

function keepHistory(entries) {
  localStorage.setItem(HISTORY_KEY, JSON.stringify(entries.slice(0, HISTORY_LENGTH)));
  showHistory();
}

function remember(clip) {
  keepHistory([{...clip, time: Date.now()}, ...history().filter((entry) => entry.hash !== clip.hash)]);
}

function forget(hash) {
  keepHistory(history().filter((entry) => entry.hash !== hash));
}

function showHistory() {
  const entries = history();
  part('history-button').hidden = entries.length === 0;
  part('history').replaceChildren(...entries.map(historyRow));
  if (entries.length === 0) openMenu(null);
}

function historyRow(entry) {
  const row = document.createElement('li');
  const open = document.createElement('button');
  const name = document.createElement('b');
  const facts = document.createElement('span');
  const remove = document.createElement('button');
  open.type = remove.type = 'button';
  open.dataset.hash = remove.dataset.forget = entry.hash;
  open.dataset.name = name.textContent = entry.name;
  facts.textContent = `${Number(entry.duration).toFixed(1)} s · ${new Date(entry.time).toLocaleString()}`;
  remove.className = 'clip-forget';
  remove.textContent = '×';
  remove.setAttribute('aria-label', `Delete ${entry.name}`);
  open.append(name, facts);
  row.append(open, remove);
  return row;
}

/* Menus */

const MENUS = ['examples', 'history'];

function openMenu(wanted) {
  for (const name of MENUS) {
    part(name).hidden = name !== wanted;
    part(`${name}-button`).setAttribute('aria-expanded', String(name === wanted));
  }
  if (wanted) part(wanted).querySelector('button')?.focus();
}

function closeMenu() {
  const open = MENUS.find((name) => !part(name).hidden);
  openMenu(null);
  if (open) part(`${open}-button`).focus();
}

for (const name of MENUS) {
  part(`${name}-button`).addEventListener('click', () => openMenu(part(name).hidden ? name : null));
}
part('examples').addEventListener('click', (event) => {
  const button = event.target.closest('button');
  if (!button) return;
  closeMenu();
  say(`Loading ${button.querySelector('b').textContent} …`);
  tell('example', {index: Number(button.dataset.index)});
});
part('history').addEventListener('click', (event) => {
  const {hash, name, forget: forgotten} = event.target.closest('button')?.dataset ?? {};
  if (forgotten) {
    forget(forgotten);
    tell('forgotten', {hash: forgotten});
  } else if (hash) {
    closeMenu();
    say(`Loading ${name} …`);
    tell('reopened', {hash, name});
  }
});
bar.addEventListener('keydown', (event) => {
  if (event.key === 'Escape') closeMenu();
});
document.addEventListener('click', (event) => {
  if (!event.composedPath().includes(bar)) openMenu(null);
});

/* Dropping a file anywhere on the page */

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

/* The other buttons */

part('upload').addEventListener('click', () => picker.click());
picker.addEventListener('change', () => {
  const [file] = picker.files;
  if (file) send(file);
  picker.value = '';
});
recordButton.addEventListener('click', () => (recorder ? recorder.stop() : startRecording()));
window.addEventListener('audioscope:looped', (event) => {
  loop = event.detail;
  cutButton.hidden = loop?.parts.length !== 1;
});
cutButton.addEventListener('click', () => {
  say('Cutting …');
  tell('cut', loop);
});
/** Another part of the page wants this clip to be the open one, and with `time` to hear it from there. */
window.addEventListener('audioscope:open', ({detail}) => {
  opening = detail;
  say(`Loading ${detail.name} …`);
  tell('reopened', detail);
});

/** The timeline has the clip in the same moment, but perhaps after this script. */
function playOpened() {
  const {time} = opening;
  opening = null;
  if (time !== undefined) setTimeout(() => window.dispatchEvent(new CustomEvent('audioscope:seek', {detail: {time, play: true}})));
}

watch('value', () => {
  const {note: text = '', kind, clip, gone} = props.value ?? {};
  say(text, kind);
  if (clip) {
    remember(clip);
    cutButton.hidden = true;
    if (opening?.hash === clip.hash) playOpened();
  }
  if (gone) forget(gone);
});
showHistory();
