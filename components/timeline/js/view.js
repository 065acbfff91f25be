/* The stretch of the clip in view, and the steps of its ruler. */

import {clamp} from '../../page/numbers.js';

const MIN_SPAN_SECONDS = 0.05;
const RULER_STEP_PIXELS = 72; // at least, from one tick to the next
const STEPS_PER_VIEW = 60; // of the arrow keys, at most
const ROUND_SECONDS = [
  0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1200, 3600,
];

/** The stretch of the clip in view, in seconds, and its width in CSS pixels. */
export class View {
  constructor() {
    this.duration = 0;
    this.start = 0;
    this.span = 1;
    this.width = 1;
  }

  get end() {
    return this.start + this.span;
  }
  get secondsPerPixel() {
    return this.span / this.width;
  }
  get whole() {
    return this.span >= this.duration * 0.9999;
  }
  /** Time to pixel. */
  x(time) {
    return ((time - this.start) / this.span) * this.width;
  }

  /** Pixel to time. */
  time(x) {
    return this.start + (x / this.width) * this.span;
  }

  has(time) {
    return time >= this.start && time <= this.end;
  }

  show(start, span) {
    this.span = clamp(span, Math.min(MIN_SPAN_SECONDS, this.duration), this.duration);
    this.start = clamp(start, 0, this.duration - this.span);
  }

  /** Change the span, with `time` at pixel `x`. */
  showAt(time, x, span) {
    this.show(0, span);
    this.show(time - (x / this.width) * this.span, this.span);
  }
}

/** Seconds from one tick of the ruler to the next, and the digits after the point that tell ticks apart. */
export function rulerStep(view) {
  const step = ROUND_SECONDS.find(seconds => seconds / view.secondsPerPixel >= RULER_STEP_PIXELS) ?? ROUND_SECONDS.at(-1);
  return {step, digits: step >= 1 ? 0 : step >= 0.1 ? 1 : step >= 0.01 ? 2 : 3};
}

/** Seconds that an arrow key moves the playhead: about a fiftieth of the view. */
export function keyStep(view) {
  return ROUND_SECONDS.find(seconds => seconds >= view.span / STEPS_PER_VIEW) ?? 60;
}
