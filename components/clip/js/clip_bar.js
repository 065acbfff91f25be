/* The elements of the clip bar, its note, and its events to Python. */

/** Key of what this browser stores for whoever is signed in: accounts that use one browser do not see each other's clips. */
export const accountKey = name => (window.gradio_config?.username ? `${name} ${window.gradio_config.username}` : name);

const PERSON_KEY = accountKey('audioscope-person');
const PERSON_BYTES = 16;

const bar = element.querySelector('.clip-bar');

/** The element of the bar or of the panel with this name. */
export const part = name => element.querySelector(`.clip-${name}`);

export const note = part('note');
let requests = 0;

// The bar lies over the head line of the timeline, which keeps this much of it free.
new ResizeObserver(() => {
  element.closest('#clip')?.style.setProperty('--clip-bar-width', `${bar.offsetWidth}px`);
}).observe(bar);

/** Show a note beside the buttons; `kind` is plain, error, or opening while a clip is on its way. */
export function showNote(text, kind = 'plain') {
  note.textContent = text;
  note.dataset.kind = kind;
}

/** Send an event to Python, with the id of this browser and the number of the request: the last one counts. */
export function send(event, detail) {
  requests += 1;
  trigger(event, {...detail, person: person(), wish: requests});
}

/** Whether nothing was asked for after the request with this number. */
export const isLastRequest = wish => wish === requests;

/** The id under which the server keeps the clips of this browser. */
function person() {
  const known = localStorage.getItem(PERSON_KEY);
  if (known) return known;
  const made = randomHex(PERSON_BYTES);
  localStorage.setItem(PERSON_KEY, made);
  return made;
}

export function randomHex(count) {
  const bytes = crypto.getRandomValues(new Uint8Array(count));
  return [...bytes].map(byte => byte.toString(16).padStart(2, '0')).join('');
}
