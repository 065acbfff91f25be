/* The gallery: a picture's seed goes back into the controls. `element` and `trigger` come from gr.HTML. */

element.addEventListener('click', event => {
  const target = event.target.closest('[data-seed]');
  if (target) trigger('reuse', {seed: target.dataset.seed});
});
