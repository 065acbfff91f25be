/* The player of a map that was exported: it answers the map's events as the timeline does on the page. */

const audio = document.querySelector('audio');
let loop = null; // {start, end, parts}

const tell = (name, detail) => window.dispatchEvent(new CustomEvent('audioscope:' + name, {detail}));

/** Go to the next part of the loop when the sound is in none. */
function keepToLoop() {
  const time = audio.currentTime;
  if (!loop || loop.parts.some(([start, end]) => time >= start && time < end)) return;
  audio.currentTime = loop.parts.find(([start]) => start > time)?.[0] ?? loop.start;
}

function tellTime() {
  tell('time', {time: audio.currentTime, playing: !audio.paused, duration: audio.duration});
}

function follow() {
  tellTime();
  if (audio.paused) return;
  keepToLoop();
  requestAnimationFrame(follow);
}

window.addEventListener('audioscope:seek', ({detail: {time, play}}) => {
  audio.currentTime = time;
  if (play) audio.play();
  tellTime();
});
window.addEventListener('audioscope:loop', ({detail}) => {
  loop = detail.start === null ? null : detail;
  tell('looped', loop);
});
audio.addEventListener('play', follow);
audio.addEventListener('seeked', tellTime);
