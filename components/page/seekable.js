/* Buttons that play a moment of the clip, or open another clip. `element` comes from gr.HTML. */

element.addEventListener('click', event => {
  const target = event.target.closest('[data-seek]');
  if (!target) return;
  const {seek, open, name} = target.dataset;
  const time = Number(seek);
  const [type, detail] = open ? ['open', {hash: open, name, time}] : ['seek', {time, play: true}];
  window.dispatchEvent(new CustomEvent('audioscope:' + type, {detail}));
});
