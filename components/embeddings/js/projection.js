/* From places in the map to places on the screen. */

import {clamp} from '../../page/numbers.js';

export const DEPTHS = 16; // steps of fading into the distance
const PERSPECTIVE = 0.25; // how much larger what is near is drawn

/** Middle and half of the extent of the (isolated) points along each axis; in space they turn, so all axes have the largest. */
export function boxOf({points, dimensions, isolated}) {
  const low = Array(dimensions).fill(Infinity);
  const high = Array(dimensions).fill(-Infinity);
  points.forEach((value, i) => {
    if (isolated && !isolated[Math.floor(i / dimensions)]) return;
    const axis = i % dimensions;
    if (value < low[axis]) low[axis] = value;
    if (value > high[axis]) high[axis] = value;
  });
  const half = low.map((value, axis) => Math.max((high[axis] - value) / 2, 1));
  return {
    middle: low.map((value, axis) => (value + high[axis]) / 2),
    half: dimensions === 3 ? half.fill(1.3 * Math.max(...half)) : half,
  };
}

/**
 * Fill `x` and `y` (CSS pixels) and `depth` (0 to DEPTHS - 1, the nearest last) of each point.
 *
 * `view` has the pixels of a unit (`size`), where the middle is (`left`, `top`), and the rotation of a map in space.
 */
export function project({points, dimensions, box}, view, {x, y, depth}) {
  const [midA, midB, midC] = box.middle;
  if (dimensions === 2) {
    for (let i = 0; i < x.length; i++) {
      x[i] = view.left + (points[2 * i] - midA) * view.size;
      y[i] = view.top - (points[2 * i + 1] - midB) * view.size;
    }
    depth.fill(DEPTHS - 1);
    return;
  }
  const [sinY, cosY, sinP, cosP] = [Math.sin(view.yaw), Math.cos(view.yaw), Math.sin(view.pitch), Math.cos(view.pitch)];
  const [reach] = box.half;
  for (let i = 0; i < x.length; i++) {
    const a = points[3 * i] - midA;
    const b = points[3 * i + 1] - midB;
    const c = points[3 * i + 2] - midC;
    const side = a * cosY + c * sinY;
    const back = c * cosY - a * sinY;
    const up = b * cosP - back * sinP;
    const near = (b * sinP + back * cosP) / reach;
    const closer = view.size / (1 - PERSPECTIVE * near);
    x[i] = view.left + side * closer;
    y[i] = view.top - up * closer;
    depth[i] = clamp(((near + 0.9) / 1.8) * DEPTHS, 0, DEPTHS - 1);
  }
}

/** Rows from far to near. */
export function farToNear(depth) {
  const rows = depth.length;
  const starts = new Uint32Array(DEPTHS + 1);
  const sorted = new Uint32Array(rows);
  for (let i = 0; i < rows; i++) starts[depth[i] + 1]++;
  for (let i = 0; i < DEPTHS; i++) starts[i + 1] += starts[i];
  for (let i = 0; i < rows; i++) sorted[starts[depth[i]]++] = i;
  return sorted;
}

/** The row nearest to a place, at most `reach` CSS pixels away; -1 for none. */
export function nearestRow({x, y, isolated}, [px, py], reach) {
  let best = -1;
  let nearest = reach * reach;
  for (let i = 0; i < x.length; i++) {
    if (isolated && !isolated[i]) continue;
    const dx = x[i] - px;
    const dy = y[i] - py;
    const away = dx * dx + dy * dy;
    if (away < nearest) [best, nearest] = [i, away];
  }
  return best;
}

/** For each row 1 if it lies inside the closed line, else 0. */
export function rowsInside({x, y, isolated}, line) {
  return Uint8Array.from(x, (px, row) => {
    if (isolated && !isolated[row]) return 0;
    const py = y[row];
    let inside = 0;
    for (let i = 0, j = line.length - 1; i < line.length; j = i++) {
      const [ax, ay] = line[i];
      const [bx, by] = line[j];
      if (ay > py !== by > py && px < ((bx - ax) * (py - ay)) / (by - ay) + ax) inside ^= 1;
    }
    return inside;
  });
}
