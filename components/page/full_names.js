/* Whatever is cut off with an ellipsis says all of itself to a mouse that rests on it. */

let titled = null;

function titleIfCut({target}) {
  titled?.removeAttribute('title');
  titled = null;
  if (!(target instanceof HTMLElement) || target.title) return;
  const isCut = target.scrollWidth > target.clientWidth && getComputedStyle(target).textOverflow === 'ellipsis';
  if (!isCut) return;
  target.title = target.value ?? target.textContent.trim();
  titled = target;
}

export function titleCutNames() {
  document.addEventListener('pointerover', titleIfCut);
}
