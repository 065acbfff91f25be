/* Colours of the points. */

import {DEPTHS} from './projection.js';

const NO_COLOUR = 255;
const PALE = 0.82; // share of the background in what is not chosen
const FAR = 0.72; // and in the farthest
const MUTED = 0.55; // and in what has no value
const VARIANT = 0.45; // share of the background or the ink in further categories

/** The colour `share` of the way from one to another, each [red, green, blue]. */
const mixed = (from, to, share) => from.map((value, i) => Math.round(value + (to[i] - value) * share));

/** A colour as CSS writes it. */
export const css = ([red, green, blue], alpha = 1) => `rgb(${red} ${green} ${blue} / ${alpha})`;

/** 256 colours of categories: the plain ones, then lighter, then darker ones; the last place is for what has no category. */
export function categories(plain, {card, ink, soft}) {
  const all = [plain, plain.map(one => mixed(one, card, VARIANT)), plain.map(one => mixed(one, ink, VARIANT))].flat();
  return Array.from({length: 256}, (_, i) => (i === NO_COLOUR ? mixed(soft, card, MUTED) : all[i % all.length]));
}

/** 255 colours along the stops; the last place is for what has no value. */
export function ramp(stops, {card, soft}) {
  return Array.from({length: 256}, (_, i) => {
    if (i === NO_COLOUR) return mixed(soft, card, MUTED);
    const place = (i / (NO_COLOUR - 1)) * (stops.length - 1);
    const before = Math.min(Math.floor(place), stops.length - 2);
    return mixed(stops[before], stops[before + 1], place - before);
  });
}

/** Pixel values (little-endian alpha, blue, green, red, without alpha) by [not chosen][depth][colour]. */
export function pixelValues(colours, card) {
  const table = new Uint32Array(2 * DEPTHS * 256);
  for (let at = 0; at < table.length; at++) {
    const pale = at >> 12;
    const depth = (at >> 8) & 15;
    const [red, green, blue] = mixed(colours[at & 255], card, Math.max(PALE * pale, FAR * (1 - depth / (DEPTHS - 1))));
    table[at] = (blue << 16) | (green << 8) | red;
  }
  return table;
}
