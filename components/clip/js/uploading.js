/* Uploading a file: chosen, or dropped anywhere on the page. */

import {part, send, showNote} from './clip_bar.js';

const picker = part('file');
const card = element.closest('#clip') ?? element;

export async function uploadFile(file) {
  if (file.size > props.max_bytes) {
    showNote(`This file is larger than the limit of ${Math.round(props.max_bytes / 1e6)} MB.`, 'error');
    return;
  }
  showNote(`Loading ${file.name} …`, 'opening');
  try {
    const {path} = await upload(file);
    send('uploaded', {path, name: file.name});
  } catch {
    showNote('The upload was interrupted: please try again.', 'error');
  }
}

/** Whether a file is dragged, and no text. */
function carriesFile(event) {
  return [...(event.dataTransfer?.types ?? [])].includes('Files');
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
  window.addEventListener('drop', event => {
    if (!carriesFile(event)) return;
    event.preventDefault();
    card.classList.remove('clip-drop');
    const [file] = event.dataTransfer.files;
    if (file) uploadFile(file);
  });
  part('upload').addEventListener('click', () => picker.click());
  picker.addEventListener('change', () => {
    const [file] = picker.files;
    if (file) uploadFile(file);
    picker.value = '';
  });
}
