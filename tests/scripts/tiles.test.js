/* Which tiles are chosen, requested and kept. */

import assert from 'node:assert/strict';
import {mock, test} from 'node:test';

import {peaksBetween, readyPeakLevel, Tiles, wantedMelLevel} from '../../components/timeline/js/tiles.js';

const LAYOUT = {
  peakBlocks: [4, 16, 64],
  peaksPerTile: 2,
  melSeconds: [0.01, 0.04, 0.16],
  melColumns: 4,
  melBands: 2,
  tilesPerRequest: 2,
};
const CLIP = {sampleRate: 16, duration: 8, overview: {level: 2}};

function tilesWith(fetchTiles = async () => ({})) {
  const tiles = new Tiles(
    LAYOUT,
    fetchTiles,
    (kind, value) => Int8Array.from(value),
    () => {},
  );
  tiles.putOverview({level: 2, peaks: [-9, 9, -8, 8]}); // two blocks of 4 s
  return tiles;
}

test('a level that is not there yet is requested, and the overview stands in for it', t => {
  mock.timers.enable({apis: ['setTimeout']});
  t.after(() => mock.timers.reset());
  const asked = [];
  const tiles = tilesWith(async query => {
    asked.push(query);
    return {};
  });
  assert.equal(readyPeakLevel(CLIP, tiles, 0, 8, 1.5).level, 2);
  mock.timers.tick(30);
  assert.deepEqual(asked, [
    {kind: 'peaks', level: 1, indices: [0, 1]},
    {kind: 'peaks', level: 1, indices: [2, 3]},
  ]);
});

test('the coarsest level that is fine enough is drawn once its tiles are there', () => {
  const tiles = tilesWith();
  for (let index = 0; index < 4; index++) tiles.put('peaks', 1, index, Int8Array.from([-1, 1, -2, 2]));
  assert.equal(readyPeakLevel(CLIP, tiles, 0, 7.9, 1.5).level, 1);
});

test('no level is coarser than the overview', () => {
  assert.equal(readyPeakLevel({...CLIP, overview: {level: 1}}, tilesWith(), 0, 8, 100).level, 1);
});

test('the extremes of a stretch go over the border of tiles', () => {
  const tiles = tilesWith();
  tiles.put('peaks', 0, 0, Int8Array.from([-1, 1, -2, 2]));
  tiles.put('peaks', 0, 1, Int8Array.from([-7, 3, -4, 9]));
  const level = {level: 0, tile: 2};
  assert.deepEqual(peaksBetween(tiles, level, 1, 3), [-7, 3]);
  assert.equal(peaksBetween(tiles, level, 1, 5), undefined);
});

test('a tile that was used lately outlives the others', () => {
  const tiles = tilesWith();
  tiles.put('mel', 0, 0, [0]);
  for (let index = 1; index < 600; index++) tiles.put('mel', 0, index, [index]);
  tiles.get('mel', 0, 0);
  tiles.put('mel', 0, 600, [600]);
  assert.deepEqual(tiles.peek('mel', 0, 0), [0]);
  assert.equal(tiles.peek('mel', 0, 1), undefined);
});

test('the spectrogram takes columns of at most two pixels', () => {
  assert.equal(wantedMelLevel(LAYOUT, 1), 2);
  assert.equal(wantedMelLevel(LAYOUT, 0.03), 1);
  assert.equal(wantedMelLevel(LAYOUT, 0.001), 0);
});
