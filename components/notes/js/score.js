/* The score of the notes, which Python engraves. */

import {label} from '../../page/labels.js';

const scorePages = element.querySelector('.roll-score');
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
  if (!scorePages.hidden) trigger('engraved', {});
}

export function listenToScore() {
  scoreButton.addEventListener('click', () => {
    scorePages.hidden = !scorePages.hidden;
    scoreButton.setAttribute('aria-expanded', String(!scorePages.hidden));
    refreshScore();
  });
}
