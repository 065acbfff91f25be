/* Small helpers for numbers, arrays and bytes. */

/** `value`, or the bound that it lies beyond. */
export const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

/** The first position where `sorted[position] >= value`; only those before `high` are looked at. */
export function lowerBound(sorted, value, high = sorted.length) {
  let low = 0;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The bytes of a base64 text. */
export function bytesOf(base64) {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}
