/* Uploading a file. */

import {send, showNote} from './clip_bar.js';
import {isBundle} from './opening_order.js';

/** Upload a file and return its path on the server; null, with a note, where that fails. */
export async function uploadedPath(file) {
  if (file.size > props.max_bytes) {
    showNote(`This file is larger than the limit of ${Math.round(props.max_bytes / 1e6)} MB.`, 'error');
    return null;
  }
  try {
    return (await upload(file)).path;
  } catch {
    showNote('The upload was interrupted: please try again.', 'error');
    return null;
  }
}

/**
 * Open a file as the clip, and run the job of a tab on it, '' for none; a ZIP file opens as a bundle with its results.
 * Return whether it was sent to be opened.
 */
export async function uploadFile(file, tab) {
  showNote(`Loading ${file.name} …`, 'opening');
  const path = await uploadedPath(file);
  if (path) send(isBundle(file) ? 'bundled' : 'uploaded', {path, name: file.name, tab});
  return path !== null;
}
