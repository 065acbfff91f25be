/* Several files that are chosen at once. */

import assert from 'node:assert/strict';
import {test} from 'node:test';

import {openingOrder} from '../../components/clip/js/opening_order.js';

const named = names => names.map(name => ({name}));

test('a bundle among several files is opened, the sounds follow, and further bundles are left', () => {
  const {order, left} = openingOrder(named(['a.wav', 'results.ZIP', 'b.ogg', 'more.zip']));
  assert.deepEqual(order, named(['results.ZIP', 'a.wav', 'b.ogg']));
  assert.deepEqual(left, named(['more.zip']));
  assert.deepEqual(openingOrder(named(['a.wav', 'b.ogg'])), {order: named(['a.wav', 'b.ogg']), left: []});
});
