/* The menus of a clip's tracks and sides: a choice is sent on `window` as 'audioscope:select' {track, channel}. */

element.addEventListener('change', () => {
  const menus = element.querySelectorAll('select');
  const chosen = Object.fromEntries([...menus].map(menu => [menu.name, menu.value]));
  const channel = chosen.channel ? Number(chosen.channel) : null;
  const detail = {track: Number(chosen.track ?? -1), channel};
  window.dispatchEvent(new CustomEvent('audioscope:select', {detail}));
});
