/* The elements of the notes, what they show, and drawing it at the next frame. */

import {readTheme} from '../../timeline/js/colours.js';
import {drawBars, drawRoll, drawVelocities, viewOn} from './roll_drawing.js';
import {Roll} from './roll.js';

const within = selector => element.querySelector(selector);

export const ui = {
  root: within('.notes-roll'),
  stage: within('.roll-stage'),
  scroll: within('.roll-scroll'),
  roll: within('.roll-notes'),
  bars: within('.roll-bars'),
  lane: within('.roll-velocities'),
  head: within('.roll-head'),
  chosen: within('.roll-chosen'),
  live: within('.roll-live'),
  drawButton: within('.draw'),
  deleteButton: within('.delete'),
  balance: within('.balance input'),
  grid: within('select[name=grid]'),
  message: within('.empty'),
};
export const roll = new Roll();
export const state = {
  token: null, // the clip whose notes they are
  time: 0, // of the player, in seconds
  playing: false,
  preview: new Map(), // of an unfinished gesture: note -> what it becomes, null -> new notes
  hovered: null, // the row under the pointer
  marquee: null,
  isDrawing: false, // a drag on an empty place draws a note
  isFixed: false, // a run goes on, whose notes cannot be edited
  theme: null,
  frame: 0,
};

/** The player's view of the clip; its `showRange` and `zoom` move it. */
export const player = () => document.querySelector('.as-timeline')?.timeline;

/** Width of the keys, in CSS pixels: as wide as the names of the player's tracks. */
export const gutter = () => parseFloat(getComputedStyle(ui.root).getPropertyValue('--gutter'));

/** The stretch of the clip in view, on the lanes of the roll. */
export const viewNow = () => viewOn(player().view, ui.bars.clientWidth - gutter());

export function drawAll() {
  state.frame ||= requestAnimationFrame(onRollFrame);
}

function onRollFrame() {
  state.frame = 0;
  if (!ui.stage.clientWidth || !player()) return;
  state.theme ??= readTheme(ui.root);
  const scene = {...state, roll, view: viewNow()};
  drawRoll(ui.roll, gutter(), scene);
  drawBars(ui.bars, gutter(), scene);
  drawVelocities(ui.lane, gutter(), scene);
  placeRollHead();
}

/** Over the notes, so that playing redraws nothing else. */
export function placeRollHead() {
  const view = viewNow();
  ui.head.hidden = !view.has(state.time);
  ui.head.style.transform = `translateX(${gutter() + view.x(state.time)}px)`;
}

export function onRollTheme() {
  state.theme = null;
  drawAll();
}
