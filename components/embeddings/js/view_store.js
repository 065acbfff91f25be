/* Saved views of maps: entries {layout, views}, the newest map first. */

const MAX_VIEWS = 8; // of a map
const MAX_LAYOUTS = 50;

/** The views of the map with this layout. */
export const layoutViews = (entries, layout) => entries.find(entry => entry.layout === layout)?.views ?? [];

/** The entries with these views of the map, the last `MAX_VIEWS` of them. */
export function withViews(entries, layout, views) {
  const others = entries.filter(entry => entry.layout !== layout);
  const own = views.length ? [{layout, views: views.slice(-MAX_VIEWS)}] : [];
  return [...own, ...others].slice(0, MAX_LAYOUTS);
}
