/* The elements of the timeline, and its state. */

import {View} from './view.js';

/** The element of the timeline that a selector names. */
export const find = selector => element.querySelector(selector);

export const ui = {
  root: find('.as-timeline'),
  audio: find('audio'),
  topRoom: find('.as-top-room'),
  top: find('.as-top'),
  play: find('.as-play'),
  name: find('.as-name'),
  now: find('.as-now'),
  facts: find('.as-facts'),
  empty: find('.as-empty'),
  body: find('.as-body'),
  rows: find('.as-rows'),
  others: find('.as-others'),
  plane: find('.as-plane'),
  ruler: find('.as-ruler canvas'),
  wave: find('.as-wave canvas'),
  waveRow: find('.as-wave'),
  caption: find('.as-caption'),
  mini: find('.as-mini'),
  slider: find('.as-slider'),
  head: find('.as-head'),
  hover: find('.as-hover'),
  tip: find('.as-tip'),
  loop: find('.as-loop'),
  beatsButton: find('.as-beats-button'),
  chordsButton: find('.as-chords-button'),
  loopButton: find('.as-loop-button'),
  spectrumButton: find('.as-spectrum-button'),
  map: find('.as-map'),
  hint: find('.as-hint'),
  live: find('.as-live'),
};
export const state = {
  clip: null,
  tiles: null,
  time: 0,
  playing: false,
  loop: null,
  spectrum: false,
  follow: true,
  isSlim: false, // the head line alone is in sight, at the top of the window
  showsOthers: false, // tracks of other tabs are unfolded
  tracks: new Map(), // by id
  rows: new Map(), // by track id: {row, button, canvas}
  clicked: {index: -1}, // the last place
  active: null, // the track that the up and down arrows walk
  done: new Map(), // feed -> commands carried out
  dirty: new Set(),
  frame: 0,
  anchor: {audio: 0, clock: 0}, // a reading of the audio element's clock, and of the page's
  theme: null,
};
export const view = new View();
