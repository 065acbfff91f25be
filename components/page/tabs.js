/* The bar of tabs. */

const SELECTOR = '#tabs > .tab-wrapper [role=tab]';
const ROOM_BESIDE = 32; // CSS pixels of the neighbour that stay in sight where the bar scrolls

export const tabButtons = () => [...document.querySelectorAll(SELECTOR)];

const openButton = () => tabButtons().find(button => button.ariaSelected === 'true');

/** The id of the open tab, as in tabs.py; undefined on a page without tabs. */
export const openTab = () => openButton()?.dataset.tabId;

/** Open a tab, as soon as the page has tabs. */
export function showTab(tab) {
  const button = tabButtons().find(one => one.dataset.tabId === tab);
  if (!tabButtons().length) requestAnimationFrame(() => showTab(tab));
  else button?.click();
}

/** Dispatch 'audioscope:tab' {tab} on `window` when another tab is opened, and bring its button into sight. */
export function announceTabs() {
  let known = openTab();
  const announce = () => {
    const tab = openTab();
    if (tab === known) return;
    known = tab;
    window.dispatchEvent(new CustomEvent('audioscope:tab', {detail: {tab}}));
    showButton(openButton());
  };
  new MutationObserver(announce).observe(document.body, {subtree: true, attributeFilter: ['aria-selected']});
}

function showButton(button) {
  const bar = button.parentElement;
  const left = button.offsetLeft - ROOM_BESIDE;
  const right = button.offsetLeft + button.offsetWidth + ROOM_BESIDE - bar.clientWidth;
  if (bar.scrollLeft > left) bar.scrollLeft = left;
  else if (bar.scrollLeft < right) bar.scrollLeft = right;
}
