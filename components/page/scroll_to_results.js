/* Where a tab's results stand below its controls, as on a phone, they come into sight when they are asked for. */

const FAR_DOWN = 0.7;

export function scrollToResults() {
  document.addEventListener('click', event => {
    const pressed = event.target.closest('.controls button.primary, #draw-storyboard');
    const results = pressed?.closest('.columns')?.querySelector('.results');
    if (!results) return;
    results.dataset.asked = 'true'; // styles keep room for what comes
    if (results.getBoundingClientRect().top < FAR_DOWN * innerHeight) return;
    const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
    results.scrollIntoView({behavior: still ? 'auto' : 'smooth'});
  });
}
