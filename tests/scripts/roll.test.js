/* The piano roll: what lies where, and what edits make of notes. */

import assert from 'node:assert/strict';
import {test} from 'node:test';

import {applied, deleted, drawn, louder, moved, resized, scaled, sent, snapped} from '../../components/notes/js/note_edits.js';
import {Roll} from '../../components/notes/js/roll.js';
import {View} from '../../components/timeline/js/view.js';

const view = Object.assign(new View(), {duration: 10, start: 0, span: 10, width: 1000});
const PARTS = [
  {name: 'Piano', drums: null},
  {name: 'Drums', drums: {36: 'Kick', 38: 'Snare'}},
];
const note = (onset, offset, pitch, part = 0, velocity = 80) => ({onset, offset, pitch, velocity, part, bend: []});

function rollOf(...notes) {
  const roll = new Roll();
  roll.show(notes, PARTS);
  return roll;
}

const rowY = (roll, one) => (roll.rowOf(one) + 0.5) * roll.rowHeight;

test('a note is hit on its body and its ends, and not beside it', () => {
  const one = note(1, 2, 60);
  const roll = rollOf(one);
  const y = rowY(roll, one);
  assert.deepEqual(roll.hit(view, 150, y), {note: one, side: 'body'});
  assert.equal(roll.hit(view, 101, y).side, 'start');
  assert.equal(roll.hit(view, 199, y).side, 'end');
  assert.equal(roll.hit(view, 250, y), null);
  assert.equal(roll.hit(view, 150, y + roll.rowHeight), null);
});

test('a time snaps to the parts of its beat, and stays where there are no beats', () => {
  const beats = [
    [1, 1],
    [2, null],
    [2.5, null],
  ];
  assert.equal(snapped(1.27, beats, 4), 1.25);
  assert.equal(snapped(2.2, beats, 2), 2.25);
  assert.equal(snapped(1.9, beats, 1), 2);
  assert.equal(snapped(0.4, beats, 4), 0.4);
  assert.equal(snapped(2.6, beats, 4), 2.6);
  assert.equal(snapped(2.6, [], 4), 2.6);
});

test('drums have rows of their own below the pitches, with their names', () => {
  const [kick, low] = [note(0, 0.1, 36, 1), note(0, 1, 36)];
  const roll = rollOf(low, kick, note(0, 1, 80));
  assert.deepEqual(
    roll.rows.slice(-2).map(row => row.name),
    ['Snare', 'Kick'],
  );
  assert.notEqual(roll.rowOf(kick), roll.rowOf(low));
  assert.equal(roll.hit(view, 5, rowY(roll, kick)).note, kick);
});

test('a marquee takes the notes that it touches', () => {
  const [inside, above, later] = [note(1, 2, 60), note(1, 2, 72), note(5, 6, 60)];
  const roll = rollOf(inside, above, later);
  const y = rowY(roll, inside);
  assert.deepEqual(roll.within(view, [190, y + 20], [120, y - 20]), [inside]);
});

test('what is selected stays so when the same notes come again', () => {
  const roll = rollOf(note(1, 2, 60), note(2, 3, 62));
  roll.selected = new Set([roll.notes[1]]);
  roll.show([note(2, 3, 62), note(1, 2, 60)]);
  assert.deepEqual([...roll.selected], [roll.notes[1]]);
});

test('the next note follows the selected one, or the playhead', () => {
  const roll = rollOf(note(1, 2, 60), note(2, 3, 62), note(4, 5, 64));
  assert.equal(roll.neighbour(1, 1.5).pitch, 62);
  roll.selected = new Set([roll.notes[1]]);
  assert.equal(roll.neighbour(1, 0).pitch, 64);
  assert.equal(roll.neighbour(-1, 0).pitch, 60);
});

test('moved notes stay in the clip, on the keyboard, and as far from each other as they were', () => {
  const chosen = [note(1, 2, 60), note(8, 9.5, 126)];
  const after = moved(chosen, 3, 5, 10).map(pair => pair[1]);
  assert.deepEqual(
    after.map(({onset, offset, pitch}) => [onset, offset, pitch]),
    [
      [1.5, 2.5, 61],
      [8.5, 10, 127],
    ],
  );
});

test('a note keeps a length, and the end that is not dragged', () => {
  assert.equal(resized([note(1, 2, 60)], 'start', 5, 10)[0][1].onset, 1.98);
  assert.equal(resized([note(1, 2, 60)], 'end', 20, 10)[0][1].offset, 10);
});

test('a note can be drawn from right to left', () => {
  const [[before, after]] = drawn({pitch: 60, velocity: 90, part: 0}, 3, 2, 10);
  assert.equal(before, null);
  assert.deepEqual([after.onset, after.offset], [2, 3]);
});

test('velocities stay between 1 and 127', () => {
  assert.equal(scaled([note(0, 1, 60)], 2)[0][1].velocity, 127);
  assert.equal(louder([note(0, 1, 60)], -200)[0][1].velocity, 1);
});

test('an edit replaces its notes, and one that changes nothing is not sent', () => {
  const [one, other] = [note(1, 2, 60), note(2, 3, 62)];
  assert.deepEqual(applied([one, other], deleted([one])), {notes: [other], changed: []});
  assert.equal(sent(moved([one], 0, 0, 10)), null);
  assert.deepEqual(sent([...moved([one], 0, 1, 10), [other, null]]), [
    [
      [1, 2, 60, 80, 0],
      [1, 2, 61, 80, 0],
    ],
    [[2, 3, 62, 80, 0], null],
  ]);
});
