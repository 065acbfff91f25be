/* The score of the notes, which Python engraves. */

import {label} from '../../page/labels.js';

const scoreRegion = element.querySelector('.roll-score');
const scorePages = scoreRegion.querySelector('.pages');
const scoreButton = element.querySelector('.score-button');

/** Show the pages, each an SVG document: as images, so that they bring neither styles nor scripts into the page. */
export function showScore(pages) {
  scorePages.replaceChildren(
    ...pages.map((svg, i) => {
      const image = new Image();
      image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
      image.alt = label('page', {page: i + 1, pages: pages.length});
      return image;
    }),
  );
}

/** Ask for the score of other notes, if it is shown. */
export function refreshScore() {
  if (!scoreRegion.hidden) trigger('engraved', {});
}

/** Print the pages alone. */
async function printScore() {
  const frame = document.createElement('iframe');
  frame.className = 'roll-print';
  frame.title = label('score');
  document.body.append(frame);
  const page = frame.contentDocument;
  const style = page.createElement('style');
  style.textContent = '@page {margin: 0} body {margin: 0} img {display: block; width: 100%; break-after: page}';
  page.head.append(style);
  page.body.append(...[...scorePages.children].map(image => page.importNode(image)));
  await Promise.all([...page.images].map(image => image.decode()));
  frame.contentWindow.addEventListener('afterprint', () => frame.remove());
  frame.contentWindow.print();
}

export function listenToScore() {
  scoreRegion.querySelector('.print').addEventListener('click', printScore);
  scoreButton.addEventListener('click', () => {
    scoreRegion.hidden = !scoreRegion.hidden;
    scoreButton.setAttribute('aria-expanded', String(!scoreRegion.hidden));
    refreshScore();
  });
}
