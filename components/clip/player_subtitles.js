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
}

watch('value', () => {
  cues = props.value ?? [];
  line.hidden = cues.length === 0;
  shown = undefined;
  show(now);
});
window.addEventListener('audioscope:time', event => show(event.detail.time));
