/* Time to pixel and back, zoom, and the steps of the ruler. */

import assert from 'node:assert/strict';
import {test} from 'node:test';

import {keyStep, rulerStep, View} from '../../components/timeline/js/view.js';

function viewOf({duration = 100, start = 0, span = 100, width = 1000} = {}) {
  const view = new View();
  Object.assign(view, {duration, width});
  view.show(start, span);
  return view;
}

test('a time and its pixel are each other’s inverse', () => {
  const view = viewOf({start: 20, span: 40});
  for (const time of [20, 33.3, 60]) assert.ok(Math.abs(view.time(view.x(time)) - time) < 1e-9);
  assert.equal(view.x(20), 0);
  assert.equal(view.x(60), 1000);
});

test('the view stays within the clip', () => {
  const view = viewOf({start: 90, span: 40});
  assert.deepEqual([view.start, view.end], [60, 100]);
  view.show(-5, 1000);
  assert.deepEqual([view.start, view.end], [0, 100]);
  assert.ok(view.whole);
});

test('a clip shorter than the shortest view is shown as a whole', () => {
  const view = viewOf({duration: 0.02, span: 0.001});
  assert.equal(view.span, 0.02);
});

test('zooming keeps a time at its pixel', () => {
  const view = viewOf();
  view.showAt(30, 250, 20);
  assert.ok(Math.abs(view.x(30) - 250) < 1e-9);
  assert.equal(view.span, 20);
});

test('ticks of the ruler stand apart and show the digits they need', () => {
  for (const [span, step, digits] of [
    [3600, 300, 0],
    [100, 10, 0],
    [5, 0.5, 1],
    [0.5, 0.05, 2],
    [0.05, 0.005, 3],
  ]) {
    const view = viewOf({duration: 3600, span});
    assert.deepEqual(rulerStep(view), {step, digits});
    assert.ok(step / view.secondsPerPixel >= 72);
  }
});

test('an arrow key moves by a small part of the view', () => {
  assert.equal(keyStep(viewOf()), 2);
  assert.equal(keyStep(viewOf({duration: 36000, span: 36000})), 600);
});
