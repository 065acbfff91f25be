/* Which of several files is opened, and which follow it into the history. */

export const isBundle = file => /\.zip$/i.test(file.name);

/** The files in the order in which they are read: a bundle is opened, as it alone has results, and only one can be; and the bundles that are left. */
export function openingOrder(files) {
  const [bundle, ...left] = files.filter(isBundle);
  const sounds = files.filter(file => !isBundle(file));
  return {order: bundle ? [bundle, ...sounds] : sounds, left};
}
