/* Tiles of peaks and mel bands: fetched in batches, kept, and chosen by the zoom. */

const MAX_TILES = 600; // kept beside the overview
const REQUEST_DELAY_MS = 30;

/**
 * Tiles of one clip, requested in batches when a drawing misses them.
 *
 * `layout` is what Python's `tile_layout` returns; `fetchTiles({kind, level, indices})` resolves to base64 by index;
 * `decode(kind, base64)` makes a tile of it; `onArrival()` is called when tiles came.
 */
export class Tiles {
  constructor(layout, fetchTiles, decode, onArrival) {
    this.layout = layout;
    this.fetchTiles = fetchTiles;
    this.decode = decode;
    this.onArrival = onArrival;
    this.fixed = new Map(); // 'kind:level:index' -> decoded tile: the overview, always there
    this.kept = new Map(); // the same for all others, least recently used first
    this.wanted = new Map(); // 'kind:level' -> Set of indices
    this.asked = new Set();
    this.timer = 0;
  }

  /** The tile, or undefined; then it is on its way. */
  get(kind, level, index) {
    const key = `${kind}:${level}:${index}`;
    const tile = this.kept.get(key);
    if (tile) {
      this.kept.delete(key);
      this.kept.set(key, tile);
    } else if (!this.asked.has(key)) {
      const group = `${kind}:${level}`;
      if (!this.wanted.has(group)) this.wanted.set(group, new Set());
      this.wanted.get(group).add(index);
      this.timer ||= setTimeout(() => this.request(), REQUEST_DELAY_MS);
    }
    return tile;
  }

  /** The tile if it is there; nothing is asked for. */
  peek(kind, level, index) {
    const key = `${kind}:${level}:${index}`;
    return this.kept.get(key) ?? this.fixed.get(key);
  }

  putOverview({level, peaks}) {
    const all = this.decode('peaks', peaks);
    const size = 2 * this.layout.peaksPerTile;
    for (let at = 0; at < all.length; at += size) this.fixed.set(`peaks:${level}:${at / size}`, all.subarray(at, at + size));
  }

  put(kind, level, index, tile) {
    this.kept.set(`${kind}:${level}:${index}`, tile);
    if (this.kept.size > MAX_TILES) this.kept.delete(this.kept.keys().next().value);
  }

  request() {
    this.timer = 0;
    for (const [group, indices] of this.wanted) {
      const [kind, level] = [group.split(':')[0], Number(group.split(':')[1])];
      const all = [...indices];
      while (all.length) this.ask(kind, level, all.splice(0, this.layout.tilesPerRequest));
    }
    this.wanted.clear();
  }

  async ask(kind, level, indices) {
    const keys = indices.map(index => `${kind}:${level}:${index}`);
    keys.forEach(key => this.asked.add(key));
    const answer = (await this.fetchTiles({kind, level, indices})) ?? {};
    keys.forEach(key => this.asked.delete(key));
    for (const [index, base64] of Object.entries(answer)) this.put(kind, level, Number(index), this.decode(kind, base64));
    if (Object.keys(answer).length) this.onArrival();
  }
}

/** A level of the pyramid: seconds per block, blocks per tile, blocks of the clip. */
function peakLevel(layout, clip, level) {
  const seconds = layout.peakBlocks[level] / clip.sampleRate;
  return {level, seconds, tile: layout.peaksPerTile, blocks: Math.ceil(clip.duration / seconds)};
}

/** Lowest and highest of blocks [first, last) of a level; undefined while a tile is missing. */
export function peaksBetween(tiles, {level, tile}, first, last) {
  let low = 127;
  let high = -127;
  for (let index = Math.floor(first / tile); index * tile < last; index++) {
    const peaks = tiles.peek('peaks', level, index);
    if (!peaks) return undefined;
    const end = Math.min(last - index * tile, tile, peaks.length >> 1);
    for (let i = Math.max(first - index * tile, 0); i < end; i++) {
      if (peaks[2 * i] < low) low = peaks[2 * i];
      if (peaks[2 * i + 1] > high) high = peaks[2 * i + 1];
    }
  }
  return high < low ? [0, 0] : [low, high];
}

/** The coarsest level whose blocks are at most `seconds` long; none is coarser than the overview. */
function wantedPeakLevel(layout, clip, seconds) {
  let wanted = layout.peakBlocks.length - 1;
  while (wanted > 0 && layout.peakBlocks[wanted] / clip.sampleRate > seconds) wanted--;
  return Math.min(wanted, clip.overview.level);
}

/** The wanted level, whose missing tiles are requested; until they are there, the next coarser one that is complete. */
export function readyPeakLevel(clip, tiles, start, end, seconds) {
  const levels = tiles.layout.peakBlocks.map((_, level) => peakLevel(tiles.layout, clip, level));
  const overview = clip.overview.level;
  const wanted = wantedPeakLevel(tiles.layout, clip, seconds);
  for (let level = wanted; level < overview; level++) {
    const {tile, seconds: each, blocks} = levels[level];
    const last = Math.min(Math.floor(end / each), blocks - 1);
    let ready = true;
    for (let index = Math.floor(Math.max(start, 0) / each / tile); index <= Math.floor(last / tile); index++) {
      const found = level === wanted ? tiles.get('peaks', level, index) : tiles.peek('peaks', level, index);
      ready = ready && Boolean(found);
    }
    if (ready) return levels[level];
  }
  return levels[overview];
}

/** The coarsest level of the spectrogram whose columns are at most two pixels wide. */
export function wantedMelLevel({melSeconds}, secondsPerPixel) {
  let level = melSeconds.length - 1;
  while (level > 0 && melSeconds[level] > 2 * secondsPerPixel) level--;
  return level;
}
