/* Colours of the style as numbers. */

/** '#rrggbb' to [red, green, blue]. */
export function channelsOf(colour) {
  const value = parseInt(colour.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}
