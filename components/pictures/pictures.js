/* Pictures and concepts: a seed goes back into the controls; variations of a picture and another concept are drawn.
   `element` and `trigger` come from gr.HTML, which knows the events by their names here. */

element.addEventListener('click', event => {
  const button = event.target.closest('button');
  const {seed, vary, concept} = button?.dataset ?? {};
  if (seed) trigger('reuse', {seed});
  if (vary) trigger('vary', {vary});
  if (concept) trigger('choose', {concept});
});
