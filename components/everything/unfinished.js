/* A whole analysis that a reload of the page cut off goes on: what is missing is begun again once the tabs are filled. */

const UNFINISHED_KEY = 'audioscope-everything'; // of the browser tab: token of the clip that is being analysed
const ANALYSE = '#analyse-everything';
const CHECK_MS = 500;
const MAX_CHECKS = 20; // until the button is there

const openToken = () => document.querySelector('.as-timeline')?.timeline?.state.clip?.token ?? '';

/** Forget the analysis when its line says that it has ended, or is gone as another clip was opened. */
function forgetWhenEnded() {
  let wasRunning = false;
  const timer = setInterval(() => {
    const state = document.querySelector('#everything-line [data-state]')?.dataset.state;
    const isRunning = state === 'analysing';
    if (!isRunning && (wasRunning || state)) {
      sessionStorage.removeItem(UNFINISHED_KEY);
      clearInterval(timer);
    }
    wasRunning ||= isRunning;
  }, CHECK_MS);
}

function goOn(checks = MAX_CHECKS) {
  const button = document.querySelector(ANALYSE);
  if (button && !button.disabled) button.click();
  else if (checks && !button) setTimeout(() => goOn(checks - 1), CHECK_MS);
}

export function keepUnfinished() {
  document.addEventListener('click', event => {
    if (!event.target.closest(ANALYSE)) return;
    sessionStorage.setItem(UNFINISHED_KEY, openToken());
    forgetWhenEnded();
  });
  window.addEventListener('audioscope:restored', () => {
    const token = sessionStorage.getItem(UNFINISHED_KEY);
    if (token && token === openToken()) goOn();
  });
}
