import assert from 'node:assert/strict';
import {test} from 'node:test';

import {LatestClip} from '../../components/clip/js/latest_clip.js';

const speech = {hash: 'a', name: 'Speech'};
const music = {hash: 'b', name: 'Music'};

test('an answer that arrives late does not replace the clip asked for after it', () => {
  const reopened = [];
  const latest = new LatestClip(clip => reopened.push(clip));
  assert.equal(latest.accept(music, 2), true);
  assert.equal(latest.accept(speech, 1), false);
  assert.deepEqual(reopened, [music]);
  assert.equal(latest.accept(music, 3), true);
  assert.deepEqual(reopened, [music]);
});

test('answers in the order of the requests are all shown', () => {
  const latest = new LatestClip(() => assert.fail('nothing is asked for again'));
  assert.equal(latest.accept(speech, 1), true);
  assert.equal(latest.accept(music, 2), true);
});
