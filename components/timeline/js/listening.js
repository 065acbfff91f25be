/* The switches 'Click on beats' and 'Play chords'; this browser remembers them. */

import {Accompaniment} from './accompaniment.js';
import {state, ui, view} from './page.js';

const SWITCHES_KEY = 'audioscope-accompaniment';
const PART_BUTTONS = {beats: ui.beatsButton, chords: ui.chordsButton};
const RESTARTING_EVENTS = ['play', 'playing', 'pause', 'seeking', 'ratechange', 'ended'];

export const accompaniment = new Accompaniment({
  audio: ui.audio,
  end: time => state.loop?.parts.find(([start, end]) => start <= time && time < end)?.[1] ?? view.duration,
  items: (part, start, end) => state.tracks.get(part)?.items.slice(...state.tracks.get(part).range(start, end)) ?? [],
});

/** A part is offered when its track has items. */
export function offerParts() {
  for (const [part, button] of Object.entries(PART_BUTTONS)) button.hidden = !state.tracks.get(part)?.items.length;
  accompaniment.restart();
}

function switchPart(part, on) {
  PART_BUTTONS[part].setAttribute('aria-pressed', String(on));
  accompaniment.toggle(part, on);
}

/**
 * Hear the clip alone at 0, both at 0.5, the notes alone at 1. Browsers that keep the volume of an element can still mute it.
 */
export function setBalance(balance) {
  ui.audio.muted = balance >= 1;
  ui.audio.volume = Math.min(2 * (1 - balance), 1);
  accompaniment.setNotesVolume(Math.min(2 * balance, 1));
}

export function listenToSwitches() {
  const remembered = (localStorage.getItem(SWITCHES_KEY) ?? '').split(',');
  for (const [part, button] of Object.entries(PART_BUTTONS)) {
    switchPart(part, remembered.includes(part));
    button.addEventListener('click', () => {
      switchPart(part, !accompaniment.parts.has(part));
      const on = Object.keys(PART_BUTTONS).filter(each => accompaniment.parts.has(each));
      localStorage.setItem(SWITCHES_KEY, on.join(','));
    });
  }
  for (const type of RESTARTING_EVENTS) ui.audio.addEventListener(type, () => accompaniment.restart());
}
