/* The film shows the time of the timeline, whose sound is heard; a click on it plays or pauses both.
   `element` comes from gr.HTML. */

const MAX_DRIFT_SECONDS = 0.15;

window.addEventListener('audioscope:time', ({detail: {time, playing}}) => {
  const video = element.querySelector('video');
  if (!video) return;
  if (!playing || Math.abs(video.currentTime - time) > MAX_DRIFT_SECONDS) video.currentTime = time;
  if (playing && video.paused) video.play().catch(() => {}); // a pause that follows at once ends it
  if (!playing) video.pause();
});

element.addEventListener('click', event => {
  const video = event.target.closest('video');
  if (!video) return;
  const detail = {time: video.currentTime, play: video.paused};
  window.dispatchEvent(new CustomEvent('audioscope:seek', {detail}));
});
