/* What each kind of track does. */

import {pitchName} from '../../page/pitch_names.js';
import {drawBoxes, drawColours, drawHeatmap, drawNotes, drawPictures, drawPoints, heatRow} from './painters.js';
import {LANE_HEIGHT, addFrames, addItems, addNotes, addPictures, addSpans, strongestRows, textWithScore} from './track.js';

/** By kind: the height of a row, how items are added and drawn, and an item's text for tooltips and screen readers. */
export const KINDS = {
  spans: {
    height: track => LANE_HEIGHT * Math.max(track.laneEnds.length, 1),
    add: addSpans,
    draw: (c, track, view, theme) => drawBoxes(c, track, view, theme, {row: LANE_HEIGHT, strength: () => 0.22}),
    describe: (track, i) => track.items[i][2],
  },
  words: {
    height: () => LANE_HEIGHT,
    add: addItems,
    draw: (c, track, view, theme) =>
      drawBoxes(c, track, view, theme, {row: LANE_HEIGHT, strength: item => 0.1 + 0.45 * item[3]}),
    describe: textWithScore,
  },
  labels: {
    height: () => LANE_HEIGHT,
    add: addItems,
    draw: (c, track, view, theme) =>
      drawBoxes(c, track, view, theme, {row: LANE_HEIGHT, strength: item => 0.1 + 0.35 * item[3], centred: true}),
    describe: textWithScore,
  },
  points: {
    height: () => 20,
    add: addItems,
    draw: drawPoints,
    describe: (track, i) => track.items[i][2] || (track.items[i][3] ? 'downbeat' : 'beat'),
  },
  notes: {
    height: () => 72,
    add: addNotes,
    draw: drawNotes,
    describe: (track, i) => pitchName(track.items[i][2], track.head.pitch_names ?? undefined),
  },
  heatmap: {
    height: track => track.head.rows.length * heatRow(track),
    add: (track, blocks) => addFrames(track, blocks, track.head.rows.length),
    draw: drawHeatmap,
    describe: (track, frame) => strongestRows(track, frame),
  },
  colours: {
    height: () => 16,
    add: (track, blocks) => addFrames(track, blocks, 3),
    draw: drawColours,
    describe: (track, frame) => `frame ${frame}`,
  },
  pictures: {
    height: () => 64,
    add: addPictures,
    draw: drawPictures,
    describe: (track, i) => track.items[i][2] || `picture ${i + 1}`,
  },
};
