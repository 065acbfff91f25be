/* What a track holds, and what lies under a pointer. */

import assert from 'node:assert/strict';
import {test} from 'node:test';

import {pitchName} from '../../components/page/pitch_names.js';
import {itemAt, strongestRows, Track} from '../../components/timeline/js/track.js';
import {View} from '../../components/timeline/js/view.js';

function trackOf(head, items) {
  const track = new Track('t', () => {});
  track.update(JSON.stringify(head) + '\n' + items.map(item => JSON.stringify(item) + ',').join(''));
  return track;
}

const view = Object.assign(new View(), {duration: 10, start: 0, span: 10, width: 1000});

test('the item under a pointer is hit, and the gap beside it is not', () => {
  const track = trackOf({kind: 'words'}, [
    [1, 2, 'one', 1],
    [4, 5, 'two', 1],
  ]);
  assert.equal(itemAt(track, view, 150, 10), 0);
  assert.equal(itemAt(track, view, 300, 10), -1);
  assert.equal(itemAt(track, view, 501, 10), 1);
});

test('overlapping spans are told apart by their lane', () => {
  const track = trackOf({kind: 'spans'}, [
    [0, 5, 'long'],
    [1, 2, 'short'],
  ]);
  assert.equal(itemAt(track, view, 150, 5), 0);
  assert.equal(itemAt(track, view, 150, 30), 1);
});

test('a moment is hit from five pixels beside it, the nearest first', () => {
  const track = trackOf({kind: 'points'}, [
    [1, 1, '', 1],
    [1.06, 1.06, '', 0],
  ]);
  assert.equal(itemAt(track, view, 104, 5), 1);
  assert.equal(itemAt(track, view, 96, 5), 0);
  assert.equal(itemAt(track, view, 90, 5), -1);
});

test('notes of a chord are told apart by their pitch', () => {
  const track = trackOf({kind: 'notes'}, [
    [0, 1, 60, 1],
    [0, 1, 67, 1],
  ]);
  const height = track.kind.height(track);
  const found = new Set();
  for (let y = 0; y < height; y++) found.add(itemAt(track, view, 50, y));
  assert.deepEqual([...found].sort(), [-1, 0, 1]);
});

test('the current item is the one that began last and is not over', () => {
  const track = trackOf({kind: 'spans'}, [
    [0, 10, 'a'],
    [1, 2, 'b'],
  ]);
  assert.equal(track.at(1.5), 1);
  assert.equal(track.at(3), 0);
  assert.equal(track.at(11), -1);
});

test('a track that grows parses only what is new', () => {
  const track = trackOf({kind: 'words'}, [[0, 1, 'one', 1]]);
  const [first] = track.items;
  assert.ok(track.update(track.text + '[1,2,"two",1],'));
  assert.equal(track.items.length, 2);
  assert.equal(track.items[0], first);
  assert.ok(!track.update(track.text));
});

test('a frame of a heatmap names its two strongest rows', () => {
  const block = Buffer.from([255, 0, 51, 0, 102, 0]).toString('base64');
  const track = trackOf({kind: 'heatmap', start: 1, hop: 0.5, rows: ['a', 'b', 'c'], colour: 'pink'}, [block]);
  assert.equal(track.frames, 2);
  assert.equal(itemAt(track, view, 160, 5), 1);
  assert.equal(itemAt(track, view, 50, 5), -1);
  assert.equal(strongestRows(track, 0), 'a 100 %, c 20 %');
});

test('pitches have their names', () => {
  assert.deepEqual(
    [60, 61, 69, 0].map(pitch => pitchName(pitch)),
    ['C4', 'C♯4', 'A4', 'C-1'],
  );
  const flats = ['C', 'D♭', 'D', 'E♭', 'E', 'F', 'G♭', 'G', 'A♭', 'A', 'B♭', 'B'];
  assert.equal(pitchName(63, flats), 'E♭4');
});
