/* Buttons that play a moment of the clip. `element` comes from gr.HTML. */

element.addEventListener('click', (event) => {
  const target = event.target.closest('[data-seek]');
  if (!target) return;
  window.dispatchEvent(new CustomEvent('audioscope:seek', {detail: {time: Number(target.dataset.seek), play: true}}));
});
