/* A name in the table of several files opens its clip, with its transcript. */

element.addEventListener('click', event => {
  const opened = event.target.closest('[data-hash]');
  if (!opened) return;
  const detail = {hash: opened.dataset.hash, name: opened.textContent};
  window.dispatchEvent(new CustomEvent('audioscope:open', {detail}));
  document.querySelector('#transcript').scrollIntoView({block: 'nearest'});
});
