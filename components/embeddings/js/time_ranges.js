/* Rows of the map as stretches of the clip, and back. */

const END_SECONDS = 0.05; // a loop ends before the sound does

/** Rows as stretches [start, end] of the open clip, in seconds; rows less than `join` apart are one stretch. */
export function stretchesOf(rows, {times, hop, own}, join) {
  const stretches = [];
  for (let i = 0; i < own; i++) {
    if (!rows[i]) continue;
    const last = stretches.at(-1);
    const start = Math.max(times[i] - hop / 2, 0);
    const end = times[i] + hop / 2;
    if (last && start - last[1] <= join) last[1] = end;
    else stretches.push([start, end]);
  }
  return stretches;
}

/** Stretches widened to `shortest` seconds, within the clip. */
export function widened(stretches, shortest, duration) {
  return stretches.map(([start, end]) => {
    const more = Math.max(shortest - (end - start), 0) / 2;
    return [Math.max(start - more, 0), Math.min(end + more, duration - END_SECONDS)];
  });
}

/** For each row of the open clip 1 if it lies in one of the stretches; null without stretches. */
export function rowsWithin(stretches, {times, own}) {
  if (!stretches.length) return null;
  return Uint8Array.from(times, (time, row) => row < own && stretches.some(([start, end]) => time >= start && time < end));
}
