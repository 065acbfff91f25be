/* The words of the transcript by keys: one of them is reached by Tab, arrows go on from it, Enter plays from it.
   Space and the arrows go on to work for the player after a click on a word, which therefore takes no focus. */

/** Let one word be reached by Tab, the one that was if it is still there. */
export function offerWord(list) {
  const first = list.querySelector('.word');
  if (first && !list.querySelector('.word[tabindex]')) first.tabIndex = 0;
}

export function startWordKeys(list) {
  list.addEventListener('click', event => {
    if (event.detail) event.target.closest('.word')?.blur();
  });
  list.addEventListener('keydown', event => {
    const word = event.target.closest('.word');
    if (!word || event.ctrlKey || event.metaKey || event.altKey) return;
    const to = wordAt(list, word, event.key);
    if (!to && event.key !== 'Enter') return;
    event.preventDefault();
    event.stopPropagation(); // the arrows move the player elsewhere
    if (to) enterWord(word, to);
    else word.click();
  });
}

/** Return the word to which a key leads, the same one at an end of the transcript; null for another key. */
function wordAt(list, word, key) {
  const all = [...list.querySelectorAll('.word')];
  const lines = [...new Set(all.map(each => each.closest('li')))];
  const line = lines.indexOf(word.closest('li'));
  const firstOf = index => lines[Math.min(Math.max(index, 0), lines.length - 1)].querySelector('.word');
  const at = all.indexOf(word);
  const found = {
    ArrowLeft: all[at - 1] ?? word,
    ArrowRight: all[at + 1] ?? word,
    ArrowUp: firstOf(line - 1),
    ArrowDown: firstOf(line + 1),
    Home: all[0],
    End: all.at(-1),
  };
  return found[key] ?? null;
}

function enterWord(before, word) {
  before.removeAttribute('tabindex');
  word.tabIndex = 0;
  word.focus();
}
