/* Offscreen pictures made of one dot for each value. */

/** A picture of `columns` x `rows` dots; `paint(data, position, column, row)` sets red, green, blue, alpha. */
export function dotPicture(columns, rows, paint) {
  const canvas = new OffscreenCanvas(columns, rows);
  const context = canvas.getContext('2d');
  const image = context.createImageData(columns, rows);
  for (let row = 0, at = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++, at += 4) paint(image.data, at, column, row);
  }
  context.putImageData(image, 0, 0);
  return canvas;
}
