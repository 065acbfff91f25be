/*
 * The subtitles of the player, one below the other where both sides of a clip speak at once: on `window` as
 * 'audioscope:caption' {text}. `props` and `watch` come from gr.HTML.
 */

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
  window.dispatchEvent(new CustomEvent('audioscope:caption', {detail: {text}}));
}

watch('value', () => {
  cues = props.value ?? [];
  show(now);
});
window.addEventListener('audioscope:time', event => show(event.detail.time));
