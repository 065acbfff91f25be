/* The words of the logit lens and one token in all layers. `element` and `trigger` come from gr.HTML. A click or the arrow keys
   choose a token; a click on the attention or on a time plays from there; the word at the playhead is marked. */

const tokens = () => [...element.querySelectorAll('[data-token]')];

function play(time) {
  window.dispatchEvent(new CustomEvent('audioscope:seek', {detail: {time, play: true}}));
}

function choose(chosen) {
  for (const token of tokens()) {
    const same = token.dataset.token === chosen.dataset.token;
    token.setAttribute('aria-pressed', same);
    token.tabIndex = token === chosen ? 0 : -1;
  }
  chosen.focus();
  trigger('chosen', {index: Number(chosen.dataset.token)});
}

element.addEventListener('click', ({target, clientX}) => {
  const token = target.closest('[data-token]');
  const moment = target.closest('[data-seek]');
  const strip = target.closest('[data-from]');
  if (token) choose(token);
  else if (moment) play(Number(moment.dataset.seek));
  else if (strip) {
    const {left, width} = strip.getBoundingClientRect();
    const {from, to} = strip.dataset;
    play(Number(from) + (Math.max(0, clientX - left) / width) * (to - from));
  }
});

element.addEventListener('keydown', event => {
  const group = event.target.closest('[data-token]')?.parentElement.closest('[role]');
  if (!group) return;
  const all = [...group.querySelectorAll('[data-token]')];
  const at = all.indexOf(event.target);
  const to = {ArrowLeft: at - 1, ArrowUp: at - 1, ArrowRight: at + 1, ArrowDown: at + 1, Home: 0, End: all.length - 1}[
    event.key
  ];
  if (to === undefined) return;
  event.preventDefault();
  event.stopPropagation();
  if (all[to]) choose(all[to]);
});

window.addEventListener('audioscope:time', ({detail: {time}}) => {
  for (const word of element.querySelectorAll('[data-start]')) {
    word.classList.toggle('now', word.dataset.start <= time && time < word.dataset.end);
  }
  for (const strip of element.querySelectorAll('[data-from]')) {
    const place = (time - strip.dataset.from) / (strip.dataset.to - strip.dataset.from);
    strip.style.setProperty('--head', `${100 * place}%`);
    strip.classList.toggle('now', place >= 0 && place <= 1);
  }
});
