/* Lists in the browser's storage, and those of other versions. */

import assert from 'node:assert/strict';
import {test} from 'node:test';

import {StoredList} from '../../components/page/stored_list.js';

const KEY = 'list';

/** A list of version 2 in a storage that holds `text`, and what the storage holds. */
function listOver(text) {
  const held = new Map(text === undefined ? [] : [[KEY, text]]);
  const storage = {getItem: key => held.get(key) ?? null, setItem: (key, value) => held.set(key, value)};
  return {list: new StoredList(KEY, 2, storage), held: () => held.get(KEY)};
}

test('what is written is read, and has its version', () => {
  const {list, held} = listOver();
  assert.deepEqual(list.read(), []);
  list.write([{hash: 'a'}]);
  assert.deepEqual(list.read(), [{hash: 'a'}]);
  assert.deepEqual(JSON.parse(held()), {version: 2, entries: [{hash: 'a'}]});
});

test('a list of an older version, or of the time before versions, is read, and written anew', () => {
  for (const older of [[{hash: 'a'}], {version: 1, entries: [{hash: 'a'}]}]) {
    const {list, held} = listOver(JSON.stringify(older));
    assert.equal(list.isNewer(), false);
    assert.deepEqual(list.read(), [{hash: 'a'}]);
    list.write([...list.read(), {hash: 'b'}]);
    assert.deepEqual(JSON.parse(held()), {version: 2, entries: [{hash: 'a'}, {hash: 'b'}]});
  }
});

test('a list of a newer version stays as it is, and the page has a list of its own', () => {
  const newer = JSON.stringify({version: 3, entries: [{clip: 'a'}], more: 1});
  const {list, held} = listOver(newer);
  assert.equal(list.isNewer(), true);
  assert.deepEqual(list.read(), []);
  list.write([{hash: 'b'}]);
  assert.deepEqual(list.read(), [{hash: 'b'}]);
  assert.equal(held(), newer);
});

test('what is damaged counts as empty', () => {
  for (const text of ['', '{broken', 'null', '7', '"text"', '{}', '{"version": "x", "entries": 3}', '{"version": 1}']) {
    const {list} = listOver(text);
    assert.equal(list.isNewer(), false, text);
    assert.deepEqual(list.read(), [], text);
  }
  assert.deepEqual(listOver('[null, 3, "a", {"hash": "a"}]').list.read(), [{hash: 'a'}]);
});
