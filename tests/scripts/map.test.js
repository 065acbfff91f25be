/* The map of an embedding: projection, hit test, and rows as stretches of the clip. */

import assert from 'node:assert/strict';
import {test} from 'node:test';

import {pixelValues, ramp} from '../../components/embeddings/js/colours.js';
import {neighboursIn, rowSet, rowsMatching} from '../../components/embeddings/js/point_sets.js';
import {boxOf, farToNear, nearestRow, project, rowsInside} from '../../components/embeddings/js/projection.js';
import {rowsWithin, stretchesOf, widened} from '../../components/embeddings/js/time_ranges.js';
import {layoutViews, withViews} from '../../components/embeddings/js/view_store.js';

function screenOf(points, dimensions, view) {
  const rows = points.length / dimensions;
  const screen = {x: new Float32Array(rows), y: new Float32Array(rows), depth: new Uint8Array(rows)};
  const map = {points: Int16Array.from(points), dimensions};
  project({...map, box: boxOf(map)}, {size: 1, left: 100, top: 50, yaw: 0, pitch: 0, ...view}, screen);
  return screen;
}

test('a map in the plane is drawn about its middle, with y upwards', () => {
  const {x, y} = screenOf([0, 0, 20, 10], 2);
  assert.deepEqual([...x], [90, 110]);
  assert.deepEqual([...y], [55, 45]);
});

test('in space the nearest point is drawn last', () => {
  const {depth} = screenOf([0, 0, 100, 0, 0, -100, 0, 0, 0], 3);
  assert.deepEqual([...farToNear(depth)], [1, 2, 0]);
});

test('a half turn exchanges near and far', () => {
  const {depth} = screenOf([0, 0, 100, 0, 0, -100, 0, 0, 0], 3, {yaw: Math.PI});
  assert.deepEqual([...farToNear(depth)], [0, 2, 1]);
});

test('the nearest point within reach is hit', () => {
  const screen = {x: [0, 10, 50], y: [0, 0, 0]};
  assert.equal(nearestRow(screen, [8, 0], 14), 1);
  assert.equal(nearestRow(screen, [30, 0], 14), -1);
});

test('a closed line holds the points inside it', () => {
  const square = [
    [0, 0],
    [10, 0],
    [10, 10],
    [0, 10],
  ];
  assert.deepEqual([...rowsInside({x: [5, 15, 1], y: [5, 5, 9]}, square)], [1, 0, 1]);
});

const MAP = {times: Float32Array.from([0.5, 1.5, 2.5, 7.5, 8.5]), hop: 1, own: 4};

test('neighbouring rows are one stretch, and rows of other clips are none', () => {
  assert.deepEqual(stretchesOf([1, 1, 0, 1, 1], MAP, 0.2), [
    [0, 2],
    [7, 8],
  ]);
  assert.deepEqual([...rowsWithin([[0, 2]], MAP)], [1, 1, 0, 0, 0]);
  assert.equal(rowsWithin([], MAP), null);
});

test('a short stretch is widened within the clip', () => {
  const [[start, end]] = widened([[1, 1.1]], 0.3, 10);
  assert.ok(Math.abs(start - 0.9) < 1e-9 && Math.abs(end - 1.2) < 1e-9);
  assert.deepEqual(widened([[0, 10]], 0.3, 10), [[0, 9.95]]);
});

test('a ramp ends in its stops, and what has no value is muted', () => {
  const theme = {card: [255, 255, 255], soft: [100, 100, 100]};
  const colours = ramp(
    [
      [0, 0, 0],
      [200, 100, 0],
    ],
    theme,
  );
  assert.deepEqual(
    [colours[0], colours[254], colours[255]],
    [
      [0, 0, 0],
      [200, 100, 0],
      [185, 185, 185],
    ],
  );
  assert.equal(pixelValues(colours, theme.card)[15 * 256 + 254], (100 << 8) | 200);
});

test('a search finds whole words, chords and tags before those that only begin so', () => {
  const map = {texts: ['hello · A · Speech', 'Applause', 'am · Speech', ''], textOf: Uint16Array.from([0, 1, 2, 3, 0])};
  assert.deepEqual([...rowsMatching(' a', map)], [1, 0, 0, 0, 1]);
  assert.deepEqual([...rowsMatching('app', map)], [0, 1, 0, 0, 0]);
  assert.deepEqual([...rowsMatching('speech', map)], [1, 0, 1, 0, 1]);
  assert.deepEqual([...rowsMatching('peech', map)], [0, 0, 0, 0, 0]);
  assert.deepEqual([...rowsMatching('(', map)], [0, 0, 0, 0, 0]);
  assert.equal(rowsMatching('  ', map), null);
});

test('points that are isolated are alone within reach and in the box', () => {
  const map = {points: Int16Array.from([0, 0, 9000, 0, 10, 0, -20, 0]), dimensions: 2};
  const isolated = rowSet([0, 2, 3], 4);
  assert.deepEqual([...isolated], [1, 0, 1, 1]);
  assert.deepEqual(boxOf({...map, isolated}).middle, [-5, 0]);
  assert.equal(nearestRow({x: [0, 50], y: [0, 0], isolated: [1, 0]}, [48, 0], 14), -1);
});

test('a table of neighbours has as many for each row', () => {
  assert.deepEqual([...neighboursIn(Uint16Array.from([1, 2, 0, 2, 1, 0]), 1, 3)], [0, 2]);
});

test('saved views belong to their map', () => {
  const one = withViews([], 'pca', [{zoom: 2}]);
  const both = withViews(one, 'umap', [{zoom: 3}]);
  assert.deepEqual(layoutViews(both, 'pca'), [{zoom: 2}]);
  assert.deepEqual(layoutViews(both, 'umap'), [{zoom: 3}]);
  assert.deepEqual(layoutViews(withViews(both, 'pca', []), 'pca'), []);
});
