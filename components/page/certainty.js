/* The number that says how sure a finding is; `pipelines/wording/certainty.py` has the scale. */

/** A confidence, 0 to 1, as a person reads it: '78 % sure', at most '99 % sure'. */
export function sure(confidence) {
  return `${Math.min(99, Math.round(100 * confidence))} % sure`;
}
