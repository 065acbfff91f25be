/* Colours of the theme as the canvases need them. */

import {channelsOf} from '../../page/colours.js';

/** Colours on the way through `stops`, 256 of them, as red, green, blue, one after the other. */
function colourRamp(stops) {
  const ramp = new Uint8Array(256 * 3);
  for (let i = 0; i < 256; i++) {
    const place = (i / 255) * (stops.length - 1);
    const before = Math.min(Math.floor(place), stops.length - 2);
    for (let c = 0; c < 3; c++) {
      ramp[3 * i + c] = stops[before][c] + (place - before) * (stops[before + 1][c] - stops[before][c]);
    }
  }
  return ramp;
}

const THEME_COLOURS = [
  'ink',
  'soft',
  'line',
  'card',
  'accent',
  'wave',
  'blue',
  'sky',
  'green',
  'orange',
  'red',
  'pink',
  'grey',
];

/** The colours of `root` now; read again when the page turns dark or light. */
export function readTheme(root) {
  const style = getComputedStyle(root);
  const theme = Object.fromEntries(THEME_COLOURS.map(name => [name, style.getPropertyValue(`--as-${name}`).trim()]));
  const font = style.fontFamily;
  const stops = ['card', 'wave', 'accent', 'ink'].map(name => channelsOf(theme[name]));
  return {...theme, text: `12px ${font}`, small: `10.5px ${font}`, ramp: colourRamp(stops)};
}
