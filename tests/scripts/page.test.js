/* Numbers, times, colours, the wheel and the keys. */

import assert from 'node:assert/strict';
import {test} from 'node:test';

import {clock, spokenTime} from '../../components/page/time_format.js';
import {channelsOf} from '../../components/page/colours.js';
import {followPointers, keyName, wheelMotion} from '../../components/page/gestures.js';
import {bytesOf, lowerBound} from '../../components/page/numbers.js';

test('times are rounded before they are split', () => {
  assert.equal(clock(0), '0:00.0');
  assert.equal(clock(59.96), '1:00.0');
  assert.equal(clock(3599.999, 2), '1:00:00.00');
  assert.equal(clock(3723.4), '1:02:03.4');
  assert.equal(clock(61, 0), '1:01');
  assert.equal(clock(-1), '0:00.0');
});

test('spoken times have units', () => {
  assert.equal(spokenTime(3.25), '3.3 seconds');
  assert.equal(spokenTime(61), '1 minute 1.0 seconds');
  assert.equal(spokenTime(125), '2 minutes 5.0 seconds');
});

test('the lower bound is the first place that is not less', () => {
  assert.deepEqual(
    [0, 2, 3, 9].map(value => lowerBound([1, 2, 2, 5], value)),
    [0, 1, 3, 4],
  );
  assert.equal(lowerBound([1, 2, 3], 9, 2), 2);
});

test('bytes and colours are read', () => {
  assert.deepEqual([...bytesOf('AP+A')], [0, 255, 128]);
  assert.deepEqual(channelsOf('#2f5d8c'), [0x2f, 0x5d, 0x8c]);
});

const wheel = event => wheelMotion({deltaX: 0, deltaY: 0, deltaMode: 0, ctrlKey: false, shiftKey: false, ...event});

test('the wheel zooms, and scrolls sideways or with Shift', () => {
  assert.ok(wheel({deltaY: -100}).zoom > 1);
  assert.deepEqual(wheel({deltaX: 30, deltaY: 10}), {scroll: 30, zoom: 1});
  assert.deepEqual(wheel({deltaY: 3, deltaMode: 1, shiftKey: true}), {scroll: 48, zoom: 1});
  assert.equal(wheel({deltaY: 1e6}).zoom, wheel({deltaY: 120}).zoom);
  assert.ok(wheel({deltaY: -5, ctrlKey: true}).zoom > wheel({deltaY: -5}).zoom);
});

test('keys with a modifier are left to the browser', () => {
  assert.equal(keyName({key: 'l', ctrlKey: true}), '');
  assert.equal(keyName({key: 'L'}), 'l');
  assert.equal(keyName({key: '='}), '+');
});

/** An element whose listeners are called by `fire`, and a log of the gestures that come of it. */
function pointerTarget() {
  const listeners = {};
  const log = [];
  const target = {
    addEventListener: (type, listener) => (listeners[type] = listener),
    setPointerCapture: () => {},
    getBoundingClientRect: () => ({left: 10, top: 0}),
  };
  const note = name => gesture => log.push([name, gesture.at]);
  followPointers(target, target, () => target, {
    begin: () => ({kind: 'drag'}),
    move: (gesture, place) => log.push(['move', place]),
    end: note('end'),
    click: note('click'),
    cancel: note('cancel'),
    beginPinch: fingers => fingers.apart,
    pinch: ({apart}, before) => log.push(['pinch', apart / before]),
    hover: () => log.push(['hover']),
  });
  const fire = (type, pointerId, clientX, clientY = 0) =>
    listeners[type]({type, pointerId, clientX, clientY, button: 0, pointerType: 'mouse'});
  return {fire, log};
}

test('a pointer that hardly moves clicks', () => {
  const {fire, log} = pointerTarget();
  fire('pointerdown', 1, 50);
  fire('pointermove', 1, 52);
  fire('pointerup', 1, 52);
  assert.deepEqual(log, [['click', [40, 0]]]);
});

test('a pointer that moves drags, and the browser may take it away', () => {
  const {fire, log} = pointerTarget();
  fire('pointerdown', 1, 50);
  fire('pointermove', 1, 60);
  fire('pointercancel', 1, 60);
  assert.deepEqual(log, [
    ['move', [50, 0]],
    ['cancel', [50, 0]],
  ]);
});

test('two fingers pinch, and the one that stays neither drags nor clicks', () => {
  const {fire, log} = pointerTarget();
  fire('pointerdown', 1, 100);
  fire('pointerdown', 2, 200);
  fire('pointermove', 2, 300);
  fire('pointerup', 2, 300);
  fire('pointermove', 1, 150);
  fire('pointerup', 1, 150);
  assert.deepEqual(log, [['pinch', 2]]);
});
