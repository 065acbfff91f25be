/* Searching the lines of the transcript: every match is marked, and the arrows go from one to the next. */

import {label} from '../../page/labels.js';

const field = element.querySelector('.transcript-search input');
const count = element.querySelector('.transcript-search .count');
const steps = element.querySelectorAll('.transcript-search button');
const MARKS = ['transcript-found', 'transcript-found-now'];
let found = []; // {row, range}
let chosen = 0;

export const searchText = () => field.value;

/** The range of characters of an element's text. */
function rangeOf(text, start, end) {
  const range = document.createRange();
  const nodes = document.createTreeWalker(text, NodeFilter.SHOW_TEXT);
  let position = 0;
  while (nodes.nextNode()) {
    const {length} = nodes.currentNode;
    if (start >= position && start <= position + length) range.setStart(nodes.currentNode, start - position);
    if (end <= position + length) {
      range.setEnd(nodes.currentNode, end - position);
      return range;
    }
    position += length;
  }
  return range;
}

/** Search these lines; the match that was chosen stays so, if it is still there. */
export function search(lines) {
  const pattern = new RegExp(RegExp.escape?.(field.value) ?? field.value.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'), 'giu');
  found = field.value
    ? lines.flatMap(({row, text}) =>
        [...text.textContent.matchAll(pattern)].map(({index, 0: {length}}) => ({
          row,
          range: rangeOf(text, index, index + length),
        })),
      )
    : [];
  choose(Math.min(chosen, Math.max(found.length - 1, 0)));
}

function choose(index) {
  chosen = index;
  const now = found[chosen];
  count.textContent = now ? label('count', {now: chosen + 1, all: found.length}) : field.value ? label('nothing_found') : '';
  steps.forEach(step => (step.disabled = found.length === 0));
  if (!CSS.highlights) return; // Firefox before 140: the arrows still go from one to the next
  CSS.highlights.set(MARKS[0], new Highlight(...found.filter(one => one !== now).map(({range}) => range)));
  CSS.highlights.set(MARKS[1], new Highlight(...(now ? [now.range] : [])));
}

/** Listen to the field; `lines` gives those to search, `reveal` brings a row into sight. */
export function startSearch(lines, reveal) {
  const step = by => {
    if (!found.length) return;
    choose((chosen + by + found.length) % found.length);
    reveal(found[chosen].row);
  };
  field.addEventListener('input', () => {
    chosen = 0;
    search(lines());
    if (found.length) reveal(found[0].row);
  });
  field.addEventListener('keydown', event => {
    event.stopPropagation();
    if (event.key === 'Enter') step(event.shiftKey ? -1 : 1);
    if (event.key !== 'Escape') return;
    field.value = '';
    search(lines());
  });
  steps.forEach((button, index) => button.addEventListener('click', () => step(index ? 1 : -1)));
}
