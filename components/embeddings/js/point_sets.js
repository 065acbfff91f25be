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

/** For each row 1 if it is `row` or one of the `count` that lie nearest to it on the map, else 0. */
export function rowsAround(row, count, {points, dimensions}) {
  const rows = points.length / dimensions;
  const away = new Float64Array(rows);
  for (let i = 0; i < points.length; i++) {
    away[Math.floor(i / dimensions)] += (points[i] - points[row * dimensions + (i % dimensions)]) ** 2;
  }
  away[row] = -1; // before points at the same place
  const nearest = Uint32Array.from(away.keys()).sort((a, b) => away[a] - away[b]);
  const around = new Uint8Array(rows);
  for (const one of nearest.subarray(0, count + 1)) around[one] = 1;
  return around;
}
