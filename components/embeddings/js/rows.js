/* Which row is when, where, and in which clip. */

import {clock} from '../../page/time_format.js';
import {clamp, lowerBound} from '../../page/numbers.js';
import {state} from './page.js';

/** The first row of the open clip at or after `time`. */
export const rowAfter = time => lowerBound(state.map.times, time, state.map.own);

/** The row whose frame contains `time`. */
export const rowAt = time => clamp(rowAfter(time - state.map.hop / 2), 0, state.map.own - 1);

/** The index of the clip of a row. */
export const clipOf = row => state.map.starts.findLastIndex(start => start <= row);

/** Clip, time and text of a row. */
export function describe(row) {
  const {times, texts, textOf, own} = state.map;
  const clip = row < own ? '' : state.map.clips[clipOf(row)];
  return [clip, clock(times[row]), texts[textOf[row]]].filter(Boolean).join(' · ');
}
