/* The subtitles below the player, one below the other where both sides of a clip speak at once. `element`, `props` and `watch` come from gr.HTML. */

const line = element.querySelector('.caption');
let cues = [];
let shown = '';
let now = 0;

function show(time) {
  now = time;
  const text = cues
    .filter(([start, end]) => start <= time && time < end)
    .map(cue => cue[2])
    .join('\n');
  if (text === shown) return;
  shown = text;
  line.textContent = text;
  if (text) line.hidden = false; // from the first one on its room is kept, so that the page stands still
}

watch('value', () => {
  cues = props.value ?? [];
  if (!cues.length) line.hidden = true;
  shown = null;
  show(now);
});
window.addEventListener('audioscope:time', event => show(event.detail.time));
