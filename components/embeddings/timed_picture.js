/* Pictures along the time of the clip: a click plays that moment, and a line goes with the sound. `element` and `watch` come
   from gr.HTML. */

element.addEventListener('click', event => {
  const picture = event.target.closest('[data-end]');
  if (!picture) return;
  const {left, width} = picture.getBoundingClientRect();
  const time = ((event.clientX - left) / width) * picture.dataset.end;
  window.dispatchEvent(new CustomEvent('audioscope:seek', {detail: {time, play: true}}));
});

let now = 0;

function follow() {
  if (!element.offsetParent) return;
  for (const picture of element.querySelectorAll('[data-end]')) {
    picture.style.setProperty('--at', `${Math.min((100 * now) / picture.dataset.end, 100)}%`);
  }
}

window.addEventListener('audioscope:time', ({detail: {time}}) => {
  now = time;
  follow();
});
watch('value', follow);
