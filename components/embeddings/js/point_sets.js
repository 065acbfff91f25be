/* Points that have something in common. */

const BETWEEN_PARTS = ' · ';
const WORD_START = '(?<![\\p{L}\\p{N}])';

/**
 * For each row 1 if its text has the query, else 0; null for an empty query.
 *
 * A whole word, chord or tag counts before one that only begins so: 'A' is the chord and not 'Applause'.
 */
export function rowsMatching(query, {texts, textOf}) {
  const sought = query.trim().toLowerCase();
  if (!sought) return null;
  const begins = new RegExp(WORD_START + sought.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'), 'u');
  const lower = texts.map(text => text.toLowerCase());
  const whole = lower.map(text => text.split(BETWEEN_PARTS).includes(sought));
  const matches = whole.some(Boolean) ? whole : lower.map(text => begins.test(text));
  return Uint8Array.from(textOf, place => Number(matches[place]));
}

/** For each of `count` rows 1 if it is one of `rows`, else 0. */
export function rowSet(rows, count) {
  const found = new Uint8Array(count);
  for (const row of rows) found[row] = 1;
  return found;
}

/** The neighbours of `row` in a table with as many for each of `count` rows. */
export function neighboursIn(near, row, count) {
  const width = near.length / count;
  return near.subarray(row * width, (row + 1) * width);
}
