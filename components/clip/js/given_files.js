/* Files that are chosen, dropped anywhere on the page, alone, with others or in folders, or pasted. */

import {part, send, showNote} from './clip_bar.js';
import {remember} from './history.js';
import {isLink, openLink, wantedTab} from './open_panel.js';
import {openingOrder} from './opening_order.js';
import {uploadFile, uploadedPath} from './uploading.js';

const MAX_FILES = 20; // as many as the history keeps
const TEXT_FIELD = 'textarea, [contenteditable=true], input:not([type=checkbox], [type=radio], [type=range], [type=file])';

const picker = part('file');
const card = element.closest('#clip') ?? element;
let settleAdded = null; // for the file that is on its way into the history
let settleOpened = null; // for the first of several files, while it is opened

/** Open the first of some files, and put the others into the history. */
async function openFiles(files) {
  const sounds = files.length > 1 ? files.filter(isSound) : files;
  const {order, left} = openingOrder(sounds);
  const [first, ...others] = order.slice(0, MAX_FILES);
  if (!first) {
    if (files.length) showNote(`None of these ${files.length} files is audio or video.`, 'error');
    return;
  }
  const answer = new Promise(resolve => (settleOpened = resolve));
  const isSent = await uploadFile(first, wantedTab());
  if (!others.length && !left.length) return;
  const isOpened = isSent && (await answer); // its note would replace the summary
  let count = 0;
  for (const [index, file] of others.entries()) {
    showNote(`Adding ${index + 2} of ${others.length + 1}: ${file.name}`);
    if (await add(file)) count += 1;
  }
  const lost = files.length - sounds.length + others.length - count + (isOpened ? 0 : 1);
  showNote(summary(count, lost, order.length, left.length));
}

function summary(count, lost, sounds, bundles) {
  const parts = [`${count} more in History`];
  if (lost) parts.push(`${lost} could not be read`);
  if (sounds > MAX_FILES) parts.push(`the first ${MAX_FILES} of ${sounds} were taken`);
  if (bundles) parts.push('one ZIP file can be opened at a time');
  return parts.join(' · ');
}

/** Put a file into the history; return whether it is there. */
async function add(file) {
  const path = await uploadedPath(file);
  if (!path) return false;
  const answer = new Promise(resolve => (settleAdded = resolve));
  send('added', {path, name: file.name});
  return answer;
}

/** Take the answer to 'added': the clip, or null where the file is none. */
export function added(clip) {
  if (clip) remember(clip);
  settleAdded?.(clip !== null);
}

/** Take the answer to a file that was opened as the clip: whether it could be read. */
export function opened(isRead) {
  settleOpened?.(isRead);
  settleOpened = null;
}

function isSound(file) {
  const endings = picker.accept.split(',').filter(ending => ending.startsWith('.'));
  return /^(audio|video)\//.test(file.type) || endings.some(ending => file.name.toLowerCase().endsWith(ending));
}

/** Whether files are dragged, and no text. */
function carriesFile(event) {
  return [...(event.dataTransfer?.types ?? [])].includes('Files');
}

/** The files of a drop, those in folders too. */
async function droppedFiles(transfer) {
  const files = [...transfer.files];
  const entries = [...transfer.items].map(item => item.webkitGetAsEntry()).filter(Boolean);
  if (!entries.some(entry => entry.isDirectory)) return files;
  return (await Promise.all(entries.map(filesOf))).flat();
}

async function filesOf(entry) {
  if (entry.isFile) return [await new Promise((resolve, reject) => entry.file(resolve, reject))];
  const reader = entry.createReader();
  const found = [];
  for (;;) {
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) break;
    found.push(...some);
  }
  found.sort((one, other) => one.name.localeCompare(other.name));
  return (await Promise.all(found.map(filesOf))).flat();
}

function paste(event) {
  if (event.target.closest?.(TEXT_FIELD)) return;
  const files = [...event.clipboardData.files];
  const text = event.clipboardData.getData('text').trim();
  if (files.length) openFiles(files);
  else if (isLink(text)) openLink(text);
  else if (text) showNote('The clipboard holds neither a file nor a link.', 'error');
}

export function listenToFiles() {
  window.addEventListener('dragover', event => {
    if (!carriesFile(event)) return;
    event.preventDefault();
    card.classList.add('clip-drop');
  });
  window.addEventListener('dragleave', event => {
    if (event.relatedTarget === null) card.classList.remove('clip-drop');
  });
  window.addEventListener('drop', async event => {
    if (!carriesFile(event)) return;
    event.preventDefault();
    card.classList.remove('clip-drop');
    openFiles(await droppedFiles(event.dataTransfer));
  });
  window.addEventListener('paste', paste);
  part('upload').addEventListener('click', () => picker.click());
  picker.addEventListener('change', () => {
    openFiles([...picker.files]);
    picker.value = '';
  });
}
