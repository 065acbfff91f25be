/* Colours of the page, for the points and the legend. */

import {channelsOf} from '../../page/colours.js';
import {categories, css, pixelValues, ramp} from './colours.js';
import {draw} from './drawing.js';
import {legend, root, state} from './page.js';

/** Read the colours of the page; again when it turns dark or light, and for another map. */
export function readTheme() {
  const style = getComputedStyle(root);
  const colour = name => channelsOf(style.getPropertyValue('--as-' + name).trim());
  const theme = {card: colour('card'), ink: colour('ink'), soft: colour('soft'), mark: colour('red')};
  const stops = look.ramps[document.body.classList.contains('dark') ? 'dark' : 'light'];
  theme.colours = state.map?.names.length ? categories(look.colours.map(colour), theme) : ramp(stops, theme);
  theme.pixels = pixelValues(theme.colours, theme.card);
  state.theme = theme;
  for (const swatch of legend.querySelectorAll('i')) swatch.style.background = css(theme.colours[swatch.dataset.colour]);
  const bar = legend.querySelector('b');
  if (bar) bar.style.background = `linear-gradient(90deg,${[0, 64, 128, 191, 254].map(i => css(theme.colours[i]))})`;
  draw('base');
}
