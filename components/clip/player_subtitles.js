/* The line of subtitles below the player. `element`, `props` and `watch` come from gr.HTML. */

const line = element.querySelector('.caption');
let cues = [];
let shown = null;
let now = 0;

function show(time) {
  now = time;
  const cue = cues.find(([start, end]) => start <= time && time < end) ?? null;
  if (cue === shown) return;
  shown = cue;
  line.textContent = cue ? cue[2] : '';
  if (cue) line.hidden = false; // from the first one on its room is kept, so that the page stands still
}

watch('value', () => {
  cues = props.value ?? [];
  if (!cues.length) line.hidden = true;
  shown = undefined;
  show(now);
});
window.addEventListener('audioscope:time', event => show(event.detail.time));
