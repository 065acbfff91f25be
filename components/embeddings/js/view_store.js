/* Saved views of maps as one text, the newest map first. */

const MAX_VIEWS = 8; // of a map
const MAX_LAYOUTS = 50;

function entries(text) {
  try {
    const read = JSON.parse(text ?? '[]');
    return Array.isArray(read) ? read : [];
  } catch {
    return [];
  }
}

/** The views of the map with this layout. */
export const layoutViews = (text, layout) => entries(text).find(entry => entry.layout === layout)?.views ?? [];

/** The text with these views of the map, the last `MAX_VIEWS` of them. */
export function withViews(text, layout, views) {
  const others = entries(text).filter(entry => entry.layout !== layout);
  const own = views.length ? [{layout, views: views.slice(-MAX_VIEWS)}] : [];
  return JSON.stringify([...own, ...others].slice(0, MAX_LAYOUTS));
}
