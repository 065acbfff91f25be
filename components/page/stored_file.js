/* Files that the server has written for the person. */

import {fileUrl} from './file_url.js';

/** Let the browser store a file {url, name}. */
export function storeFile(file) {
  const link = document.createElement('a');
  link.href = fileUrl(file.url);
  link.download = file.name;
  link.click();
}
