/* A warning before the page is left while something runs, loads or is being recorded. */

const BUSY = [
  'button[id^="stop-"]:enabled',
  '.clip-record[aria-pressed="true"]',
  '#dictation button[aria-pressed="true"]',
  '.clip-note[data-kind="opening"]',
].join();

export function warnBeforeLeaving() {
  window.addEventListener('beforeunload', event => {
    if (document.querySelector(BUSY)) event.preventDefault();
  });
}
