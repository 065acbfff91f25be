/*
 * The timeline: player, waveform or spectrogram, and tracks on one time axis.
 *
 * This is the body of a function that Gradio calls once with `element`, `trigger`, `props`, `server` and
 * `watch`. Python's values arrive through `watch`; `receive` says what they hold. The state lives here.
 *
 * On `window`, for other components of the page:
 *   audioscope:seek   in   {time, play?}            move the playhead
 *   audioscope:loop   in   {start, end, parts?}     loop a stretch, or only its parts [[start, end], ...]; start null clears it
 *   audioscope:looped out  {start, end, parts}      what is looped now, or null
 *   audioscope:time   out  {time, playing, duration} at each frame while playing, and after each seek
 *   audioscope:select out  {track, index, start, end, text}
 * To Python: the events 'seek' {time}, 'select' {track, index, start, end, text}, 'loop' {start, end}.
 */
'use strict';

const SMALLEST_SPAN = 0.05; // seconds
const SMALLEST_LOOP = 0.02; // seconds
const BAR = 3; // CSS pixels from one bar of the waveform to the next
const MERGE = 2; // CSS pixels; items narrower than this are drawn together
const SHORT_ITEM = 1; // seconds; a click on a shorter item plays it from its start
const DRAG = 4; // CSS pixels that tell a drag from a click
const IMAGE_COLUMNS = 2048; // frames in one offscreen picture of a frame track
const TILES_KEPT = 600;
const ORDER = ['spans', 'words', 'labels', 'points', 'notes', 'heatmap', 'colours', 'pictures'];
const NICE_SECONDS = [.001, .002, .005, .01, .02, .05, .1, .2, .5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1200, 3600];

// --- small helpers

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
const find = selector => element.querySelector(selector);

/** The first position where `sorted[position] >= value`. */
function lowerBound(sorted, value) {
  let low = 0, high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] < value) low = middle + 1; else high = middle;
  }
  return low;
}

function bytesOf(base64) {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/** Seconds as a person reads them, 1:02:03.4; `digits` after the point. */
function clock(seconds, digits = 1) {
  const unit = 10 ** digits;
  const ticks = Math.round(Math.max(seconds, 0) * unit);
  const whole = Math.floor(ticks / unit);
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const fraction = digits ? '.' + String(ticks % unit).padStart(digits, '0') : '';
  return (h ? `${h}:${String(m).padStart(2, '0')}` : m) + ':' + String(s).padStart(2, '0') + fraction;
}

/** Seconds as a screen reader speaks them. */
function spokenTime(seconds) {
  const minutes = Math.floor(seconds / 60);
  const rest = `${(seconds - 60 * minutes).toFixed(1)} seconds`;
  return minutes ? `${minutes} minute${minutes > 1 ? 's' : ''} ${rest}` : rest;
}

const channelWord = channels => ({1: 'mono', 2: 'stereo'})[channels] ?? `${channels} channels`;

const PITCHES = ['C', 'C♯', 'D', 'D♯', 'E', 'F', 'F♯', 'G', 'G♯', 'A', 'A♯', 'B'];
const pitchName = pitch => PITCHES[pitch % 12] + (Math.floor(pitch / 12) - 1);

/** '#rrggbb' to [red, green, blue]. */
function channelsOf(colour) {
  const value = parseInt(colour.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

/** Colours on the way through `stops`, 256 of them, as red, green, blue, one after the other. */
function colourRamp(stops) {
  const ramp = new Uint8Array(256 * 3);
  for (let i = 0; i < 256; i++) {
    const place = i / 255 * (stops.length - 1);
    const before = Math.min(Math.floor(place), stops.length - 2);
    for (let c = 0; c < 3; c++) {
      ramp[3 * i + c] = stops[before][c] + (place - before) * (stops[before + 1][c] - stops[before][c]);
    }
  }
  return ramp;
}

// --- the theme

const THEME_COLOURS = ['ink', 'soft', 'line', 'card', 'accent', 'wave', 'blue', 'sky', 'green', 'orange', 'red', 'pink', 'grey'];

/** The colours that the style gives now; read again when the page turns dark or light. */
function readTheme() {
  const style = getComputedStyle(find('.as-timeline'));
  const theme = Object.fromEntries(THEME_COLOURS.map(name => [name, style.getPropertyValue(`--as-${name}`).trim()]));
  const font = style.fontFamily;
  const stops = ['card', 'wave', 'accent', 'ink'].map(name => channelsOf(theme[name]));
  return {...theme, text: `12px ${font}`, small: `10.5px ${font}`, ramp: colourRamp(stops)};
}

// --- the window on time

/** Which stretch of the clip is in view, and how wide it is drawn. */
class View {
  constructor() {
    this.duration = 0;
    this.start = 0;
    this.span = 1;
    this.width = 1;
  }

  get end() { return this.start + this.span; }
  get secondsPerPixel() { return this.span / this.width; }
  get whole() { return this.span >= this.duration * 0.9999; }
  x(time) { return (time - this.start) / this.span * this.width; }
  time(x) { return this.start + x / this.width * this.span; }

  has(time) { return time >= this.start && time <= this.end; }

  show(start, span) {
    this.span = clamp(span, Math.min(SMALLEST_SPAN, this.duration), this.duration);
    this.start = clamp(start, 0, this.duration - this.span);
  }

  /** Another span, with `time` at the place `x` of the screen, in pixels. */
  showAt(time, x, span) {
    this.show(0, span);
    this.show(time - x / this.width * this.span, this.span);
  }
}

// --- tiles from the server

/** Tiles of one clip, asked for in batches when a drawing misses them. */
class Tiles {
  constructor(token, decode, onArrival) {
    this.token = token;
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
      this.timer ||= setTimeout(() => this.request(), 30);
    }
    return tile;
  }

  /** The tile if it is there; nothing is asked for. */
  peek(kind, level, index) {
    const key = `${kind}:${level}:${index}`;
    return this.kept.get(key) ?? this.fixed.get(key);
  }

  putOverview({level, peaks}) {
    const all = this.decode('peaks', peaks), size = 2 * props.tile_layout.peaksPerTile;
    for (let at = 0; at < all.length; at += size) this.fixed.set(`peaks:${level}:${at / size}`, all.subarray(at, at + size));
  }

  put(kind, level, index, tile) {
    this.kept.set(`${kind}:${level}:${index}`, tile);
    if (this.kept.size > TILES_KEPT) this.kept.delete(this.kept.keys().next().value);
  }

  request() {
    this.timer = 0;
    for (const [group, indices] of this.wanted) {
      const [kind, level] = [group.split(':')[0], Number(group.split(':')[1])];
      const all = [...indices];
      while (all.length) this.ask(kind, level, all.splice(0, props.tile_layout.tilesPerRequest));
    }
    this.wanted.clear();
  }

  async ask(kind, level, indices) {
    const keys = indices.map(index => `${kind}:${level}:${index}`);
    keys.forEach(key => this.asked.add(key));
    const answer = await server.tiles({token: this.token, kind, level, indices}) ?? {};
    keys.forEach(key => this.asked.delete(key));
    for (const [index, base64] of Object.entries(answer)) this.put(kind, level, Number(index), this.decode(kind, base64));
    if (Object.keys(answer).length) this.onArrival();
  }
}

// --- drawing the sound

/** The levels of the pyramid, in seconds per block and blocks per tile. */
function peakLevel(clip, level) {
  const seconds = props.tile_layout.peakBlocks[level] / clip.sampleRate;
  return {level, seconds, tile: props.tile_layout.peaksPerTile, blocks: Math.ceil(clip.duration / seconds)};
}

/** Lowest and highest of blocks [first, last) of a level; undefined while a tile is missing. */
function peaksBetween(tiles, {level, tile}, first, last) {
  let low = 127, high = -127;
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

/** The coarsest level that still shows `seconds` apart; fetches its tiles and falls back to a coarser one. */
function readyPeakLevel(clip, tiles, start, end, seconds) {
  const levels = props.tile_layout.peakBlocks.map((_, level) => peakLevel(clip, level));
  const overview = clip.overview.level;
  let wanted = levels.length - 1;
  while (wanted > 0 && levels[wanted].seconds > seconds) wanted--;
  wanted = Math.min(wanted, overview);
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

/** Bars that stay with the sound when it scrolls: each covers the same stretch of time, wherever it is. */
function drawBars(context, clip, tiles, view, height, theme) {
  const each = BAR * view.secondsPerPixel;
  const level = readyPeakLevel(clip, tiles, view.start, view.end, each / 2);
  const middle = height / 2, scale = (height / 2 - 2) / 127;
  context.fillStyle = theme.wave;
  for (let bar = Math.floor(view.start / each); bar * each < Math.min(view.end, clip.duration); bar++) {
    const first = Math.round(bar * each / level.seconds);
    const last = Math.max(Math.round((bar + 1) * each / level.seconds), first + 1);
    const peaks = peaksBetween(tiles, level, first, last);
    if (!peaks) continue;
    const top = Math.min(middle - peaks[1] * scale, middle - .5), bottom = Math.max(middle - peaks[0] * scale, middle + .5);
    context.fillRect(view.x(bar * each), top, BAR - 1, bottom - top);
  }
}

/** The samples themselves, joined by a line. */
function drawSamples(context, clip, tiles, view, height, theme) {
  const level = readyPeakLevel(clip, tiles, view.start, view.end, 1 / clip.sampleRate);
  const middle = height / 2, scale = (height / 2 - 2) / 127;
  context.strokeStyle = theme.wave;
  context.lineWidth = 1.5;
  context.lineJoin = 'round';
  context.beginPath();
  for (let i = Math.floor(view.start / level.seconds); i * level.seconds <= view.end; i++) {
    const peaks = peaksBetween(tiles, level, i, i + 1);
    if (peaks) context.lineTo(view.x(i * level.seconds), middle - (peaks[0] + peaks[1]) / 2 * scale);
  }
  context.stroke();
}

function drawWave(context, clip, tiles, view, height, theme) {
  const samplesPerPixel = view.secondsPerPixel * clip.sampleRate;
  (samplesPerPixel < 4 ? drawSamples : drawBars)(context, clip, tiles, view, height, theme);
}

/** A picture of `columns` x `rows` dots; `paint(data, position, column, row)` sets red, green, blue, alpha. */
function dotPicture(columns, rows, paint) {
  const canvas = new OffscreenCanvas(columns, rows);
  const context = canvas.getContext('2d');
  const image = context.createImageData(columns, rows);
  for (let row = 0, at = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++, at += 4) paint(image.data, at, column, row);
  }
  context.putImageData(image, 0, 0);
  return canvas;
}

/** Spectrogram bytes of one tile as a picture in the colours of the theme, low bands at the bottom. */
function melPicture(tile, theme) {
  if (tile.theme === theme) return tile.picture;
  const bands = props.tile_layout.melBands;
  tile.theme = theme;
  tile.picture = dotPicture(tile.bytes.length / bands, bands, (data, at, column, row) => {
    const value = tile.bytes[column * bands + bands - 1 - row] * 3;
    data[at] = theme.ramp[value];
    data[at + 1] = theme.ramp[value + 1];
    data[at + 2] = theme.ramp[value + 2];
    data[at + 3] = 255;
  });
  return tile.picture;
}

/** What there is, from coarse to fine, so that a missing tile leaves a blurred picture and no hole. */
function drawSpectrogram(context, clip, tiles, view, height, theme) {
  const {melSeconds, melColumns, melBands} = props.tile_layout;
  let wanted = melSeconds.length - 1;
  while (wanted > 0 && melSeconds[wanted] > 2 * view.secondsPerPixel) wanted--;
  const sharp = value => Math.round(value * devicePixelRatio) / devicePixelRatio;
  context.imageSmoothingEnabled = true;
  for (let level = melSeconds.length - 1; level >= wanted; level--) {
    const seconds = melSeconds[level] * melColumns;
    const end = Math.min(view.end, clip.duration - 1e-6);
    for (let index = Math.floor(view.start / seconds); index * seconds <= end; index++) {
      const tile = level === wanted ? tiles.get('mel', level, index) : tiles.peek('mel', level, index);
      if (!tile) continue;
      const left = sharp(view.x(index * seconds));
      const right = sharp(view.x(index * seconds + tile.bytes.length / melBands * melSeconds[level]));
      context.drawImage(melPicture(tile, theme), left, 0, right - left, height);
    }
  }
}

// --- tracks: data

/** Items of a track, as Python's timeline_tracks.py describes them; grows at its end. */
class Track {
  constructor(id) {
    this.id = id;
    this.folded = false;
    this.text = '';
  }

  /** Take the track's text over; only what is new in it is parsed. Says whether anything changed. */
  update(text) {
    if (text === this.text) return false;
    const grown = this.text !== '' && text.startsWith(this.text);
    if (!grown) this.begin(JSON.parse(text.slice(0, text.indexOf('\n'))));
    const tail = text.slice(grown ? this.text.length : text.indexOf('\n') + 1);
    const items = tail ? JSON.parse(`[${tail.slice(0, -1)}]`) : [];
    this.kind.add(this, items);
    this.text = text;
    return true;
  }

  begin(head) {
    this.head = head;
    this.kind = KINDS[head.kind];
    this.items = [];
    this.starts = [];
    this.reach = []; // the latest end so far: what lies before the first value >= t is over at t
    this.lanes = []; // of each item
    this.laneEnds = [];
    this.widths = []; // of texts, in pixels, measured when first drawn
    this.pictures = [];
    this.blocks = []; // of frames
    this.frames = 0;
    this.lowest = 127;
    this.highest = 0;
    this.selected = this.current = -1;
  }

  /** [first, last) of the items that touch the stretch from `start` to `end`. */
  range(start, end) {
    return [lowerBound(this.reach, start), lowerBound(this.starts, end)];
  }

  /** The item that sounds at `time`: the one that began last and is not over; -1 for none. */
  at(time) {
    for (let i = lowerBound(this.starts, time + 1e-6) - 1; i >= 0 && this.reach[i] > time; i--) {
      if (this.items[i][1] > time) return i;
    }
    return -1;
  }
}

function addItems(track, items) {
  for (const item of items) {
    track.items.push(item);
    track.starts.push(item[0]);
    track.reach.push(Math.max(item[1], track.reach.at(-1) ?? 0));
  }
}

/** Spans may overlap: each goes to the first lane that is free, of at most three. */
function addSpans(track, items) {
  addItems(track, items);
  for (const [start, end] of items) {
    let lane = track.laneEnds.findIndex(busy => busy <= start + 1e-6);
    if (lane < 0) lane = track.laneEnds.length < 3 ? track.laneEnds.length : track.laneEnds.indexOf(Math.min(...track.laneEnds));
    track.laneEnds[lane] = end;
    track.lanes.push(lane);
  }
}

function addNotes(track, items) {
  addItems(track, items);
  for (const item of items) {
    track.lowest = Math.min(track.lowest, item[2]);
    track.highest = Math.max(track.highest, item[2]);
  }
}

function addPictures(track, items) {
  addItems(track, items);
  for (const item of items) {
    const image = new Image();
    image.onload = () => draw(track.id);
    image.src = item[3].startsWith('data:') ? item[3] : fileUrl(item[3]);
    track.pictures.push(image);
  }
}

/** Frames arrive in blocks; pictures of IMAGE_COLUMNS frames are made from them when drawn. */
function addFrames(track, blocks, depth) {
  for (const base64 of blocks) {
    const bytes = bytesOf(base64);
    for (let frame = 0; frame < bytes.length / depth; frame++, track.frames++) {
      if (track.frames % IMAGE_COLUMNS === 0) track.blocks.push({bytes: new Uint8Array(IMAGE_COLUMNS * depth), count: 0});
      const block = track.blocks.at(-1);
      block.bytes.set(bytes.subarray(frame * depth, (frame + 1) * depth), block.count++ * depth);
      block.theme = null;
    }
  }
}

/** Frames have no items; the frame under a time stands for one. */
function frameAt(track, time) {
  const frame = Math.floor((time - track.head.start) / track.head.hop + 1e-6);
  return frame >= 0 && frame < track.frames ? frame : -1;
}

// --- tracks: drawing

/** The text, or as much of it as fits `room` pixels; '' when that is next to nothing. */
function fitted(context, track, index, text, room) {
  if (room < 10 || !text) return '';
  const width = track.widths[index] ??= context.measureText(text).width;
  if (width <= room) return text;
  let letters = Math.floor(text.length * room / width);
  const cut = () => text.slice(0, letters).trimEnd() + '…';
  while (letters > 1 && context.measureText(cut()).width > room) letters--;
  return letters < 2 ? '' : cut();
}

/** A rounded box for each item; crowds of narrow ones become one box of their mean strength. */
class BoxPainter {
  constructor(context, top, height, strength) {
    Object.assign(this, {context, top, height, strength, crowd: null});
  }

  add(left, right, item) {
    const strength = this.strength(item);
    if (right - left >= MERGE) {
      this.flush();
      this.box(left, right, strength);
    } else if (this.crowd && left < this.crowd.left + MERGE) {
      this.crowd.sum += strength;
      this.crowd.count++;
    } else {
      this.flush();
      this.crowd = {left, sum: strength, count: 1};
    }
  }

  flush() {
    if (!this.crowd) return;
    const {left, sum, count} = this.crowd;
    this.crowd = null;
    this.context.globalAlpha = sum / count;
    this.context.fillRect(left, this.top, MERGE - .5, this.height);
  }

  box(left, right, strength) {
    this.context.globalAlpha = strength;
    const width = right - left - Math.min(1, (right - left) / 4);
    if (width < 6) return this.context.fillRect(left, this.top, width, this.height);
    this.context.beginPath();
    this.context.roundRect(left, this.top, width, this.height, 3);
    this.context.fill();
  }
}

function outline(context, left, width, top, height, theme) {
  context.globalAlpha = 1;
  context.strokeStyle = theme.accent;
  context.lineWidth = 1.5;
  context.beginPath();
  context.roundRect(left + .25, top + .25, Math.max(width - 1.5, 2), height - .5, 3);
  context.stroke();
}

/** Spans, words and labels: boxes with text. `row` is the height of a lane, `strength(item)` the opacity. */
function drawBoxes(context, track, view, theme, {row, strength, centred}) {
  const [first, last] = track.range(view.start, view.end);
  const painters = Array.from({length: Math.max(track.laneEnds.length, 1)},
    (_, lane) => new BoxPainter(context, lane * row + 2, row - 4, strength));
  context.fillStyle = theme[track.head.colour];
  const texts = [];
  for (let i = first; i < last; i++) {
    const item = track.items[i];
    const left = Math.max(view.x(item[0]), -8), right = Math.min(view.x(item[1]), view.width + 8);
    if (right < left) continue;
    painters[track.lanes[i] ?? 0].add(left, right, item);
    if (right - left > 18) texts.push(i);
  }
  painters.forEach(painter => painter.flush());
  drawBoxTexts(context, track, view, theme, texts, row, centred);
  for (const i of new Set([track.selected, track.current])) {
    if (i < first || i >= last) continue;
    const left = view.x(track.items[i][0]), width = view.x(track.items[i][1]) - left, top = (track.lanes[i] ?? 0) * row + 2;
    context.fillStyle = theme.accent;
    if (i === track.current) context.fillRect(left, top + row - 6, width - 1, 2);
    if (i === track.selected) outline(context, left, width, top, row - 4, theme);
  }
}

function drawBoxTexts(context, track, view, theme, indices, row, centred) {
  context.globalAlpha = 1;
  context.fillStyle = theme.ink;
  context.font = theme.text;
  context.textBaseline = 'middle';
  for (const i of indices) {
    const item = track.items[i];
    const left = Math.max(view.x(item[0]), 0), right = Math.min(view.x(item[1]), view.width);
    const text = fitted(context, track, i, item[2], right - left - 9);
    if (!text) continue;
    const x = centred ? Math.max((left + right - 1 - track.widths[i]) / 2, left + 4) : left + 5;
    context.fillText(text, x, (track.lanes[i] ?? 0) * row + row / 2 + .5);
  }
}

/** Beats; where they crowd the weak ones go first, then what shares a pixel. */
function drawPoints(context, track, view, theme, height) {
  const [first, last] = track.range(view.start, view.end);
  const weak = (last - first) * 5 < view.width;
  let beforeWeak = -9, beforeStrong = -9;
  context.fillStyle = theme[track.head.colour];
  for (let i = first; i < last; i++) {
    const [time, , , strong] = track.items[i];
    const x = view.x(time);
    if (strong ? x - beforeStrong < MERGE : !weak || x - beforeWeak < MERGE) continue;
    if (strong) beforeStrong = x; else beforeWeak = x;
    context.fillRect(x - (strong ? 1 : .5), strong ? 3 : height / 2, strong ? 2 : 1.25, height - 3 - (strong ? 3 : height / 2));
  }
  if (track.selected >= first && track.selected < last) {
    outline(context, view.x(track.starts[track.selected]) - 3, 7.5, 1, height - 2, theme);
  }
}

/** The top and the height of a pitch in the piano roll. */
function noteRow(track, pitch, height) {
  const room = Math.max(track.highest - track.lowest + 1, 12);
  const each = (height - 6) / room;
  return {top: 3 + (track.highest + (room - (track.highest - track.lowest + 1)) / 2 - pitch) * each, each: Math.max(each, 2)};
}

function drawNotes(context, track, view, theme, height) {
  const [first, last] = track.range(view.start, view.end);
  const covered = new Float32Array(128).fill(-1); // how far each pitch is drawn already
  context.fillStyle = theme[track.head.colour];
  for (let i = first; i < last; i++) {
    const [start, end, pitch, velocity] = track.items[i];
    const left = Math.max(view.x(start), covered[pitch], 0), right = Math.min(Math.max(view.x(end), left + 1.5), view.width + 1);
    if (view.x(end) <= covered[pitch]) continue;
    covered[pitch] = right;
    const {top, each} = noteRow(track, pitch, height);
    context.globalAlpha = .45 + .55 * velocity;
    context.fillRect(left, top, Math.max(right - left - .5, 1), Math.max(each - .5, 1.5));
  }
  context.globalAlpha = 1;
  if (track.selected >= first && track.selected < last) {
    const [start, end, pitch] = track.items[track.selected];
    const {top, each} = noteRow(track, pitch, height);
    outline(context, view.x(start) - 1, view.x(end) - view.x(start) + 3, top - 1.5, each + 3, theme);
  }
}

/** Frame tracks: one picture for each block, made again when it grew or the theme changed. */
function drawFrames(context, track, view, theme, height, paint) {
  const {start, hop} = track.head;
  const seconds = IMAGE_COLUMNS * hop;
  const first = Math.max(Math.floor((view.start - start) / seconds), 0);
  context.imageSmoothingEnabled = hop < view.secondsPerPixel;
  for (let b = first; b < track.blocks.length && start + b * seconds < view.end; b++) {
    const block = track.blocks[b];
    if (block.theme !== theme) Object.assign(block, {theme, picture: paint(block, theme)});
    drawVisiblePart(context, view, block, start + b * seconds, hop, height);
  }
}

/** Only the frames in view are stretched: deep in, a whole picture would be millions of pixels wide. */
function drawVisiblePart(context, view, {picture, count}, begin, hop, height) {
  const first = clamp(Math.floor((view.start - begin) / hop), 0, count);
  const last = clamp(Math.ceil((view.end - begin) / hop), 0, count);
  if (last <= first) return;
  const left = view.x(begin + first * hop), right = view.x(begin + last * hop);
  context.drawImage(picture, first, 0, last - first, picture.height, left, 0, right - left, height);
}

const heatRow = track => (track.head.rows.length > 24 ? 6 : 15);

function drawHeatmap(context, track, view, theme, height) {
  const {rows, colour} = track.head;
  drawFrames(context, track, view, theme, height, block => {
    const [r, g, b] = channelsOf(theme[colour]);
    return dotPicture(block.count, rows.length, (data, at, column, row) => {
      data[at] = r;
      data[at + 1] = g;
      data[at + 2] = b;
      data[at + 3] = block.bytes[column * rows.length + row];
    });
  });
  const each = heatRow(track);
  context.fillStyle = theme.card;
  for (let row = 1; row < rows.length; row++) context.fillRect(0, row * each - .5, view.width, 1);
  if (each >= 12) drawRowNames(context, rows, each, theme);
}

function drawRowNames(context, rows, each, theme) {
  context.font = theme.small;
  context.textBaseline = 'middle';
  rows.forEach((name, row) => {
    const width = context.measureText(name).width;
    context.globalAlpha = .8;
    context.fillStyle = theme.card;
    context.beginPath();
    context.roundRect(1, row * each + 1, width + 8, each - 2, 3);
    context.fill();
    context.globalAlpha = 1;
    context.fillStyle = theme.ink;
    context.fillText(name, 5, row * each + each / 2 + .5);
  });
}

function drawColours(context, track, view, theme, height) {
  drawFrames(context, track, view, theme, height, block => dotPicture(block.count, 1, (data, at, column) => {
    data.set(block.bytes.subarray(3 * column, 3 * column + 3), at);
    data[at + 3] = 255;
  }));
}

/** Thumbnails, each at the start of its stretch; those with no room of their own are left out. */
function drawPictures(context, track, view, theme, height) {
  const [first, last] = track.range(view.start, view.end);
  let covered = -Infinity;
  context.font = theme.small;
  context.textBaseline = 'middle';
  for (let i = first; i < last; i++) {
    const left = view.x(track.items[i][0]), width = Math.max(view.x(track.items[i][1]) - left - 2, 8);
    if (left < covered) continue;
    covered = left + width;
    context.save();
    context.beginPath();
    context.roundRect(left, 2, width, height - 4, 4);
    context.clip();
    drawThumbnail(context, track, i, Math.max(left, 0), Math.min(left + width, view.width), height, theme);
    context.restore();
    context.fillStyle = theme.accent;
    if (i === track.current) context.fillRect(left, height - 4, width, 2);
    if (i === track.selected) outline(context, left, width + 1.5, 2, height - 4, theme);
  }
}

function drawThumbnail(context, track, index, left, right, height, theme) {
  const image = track.pictures[index], scale = (height - 4) / (image.naturalHeight || 1);
  const shown = Math.min(image.naturalWidth * scale, right - left);
  context.fillStyle = theme.line;
  context.globalAlpha = .5;
  context.fillRect(left, 0, right - left, height);
  context.globalAlpha = 1;
  if (shown) context.drawImage(image, (image.naturalWidth - shown / scale) / 2, 0, shown / scale, image.naturalHeight, left, 2, shown, height - 4);
  const caption = track.items[index][2];
  context.fillStyle = theme.soft;
  if (fitted(context, track, index, caption, right - left - shown - 16) === caption) context.fillText(caption, left + shown + 8, height / 2);
}

/** What each kind of track does. `say` is the text of an item, for tooltips and screen readers. */
const KINDS = {
  spans: {
    height: track => 22 * Math.max(track.laneEnds.length, 1),
    add: addSpans,
    draw: (c, track, view, theme) => drawBoxes(c, track, view, theme, {row: 22, strength: () => .22}),
    say: (track, i) => track.items[i][2],
  },
  words: {
    height: () => 22,
    add: addItems,
    draw: (c, track, view, theme) => drawBoxes(c, track, view, theme, {row: 22, strength: item => .1 + .45 * item[3]}),
    say: sayWithScore,
  },
  labels: {
    height: () => 22,
    add: addItems,
    draw: (c, track, view, theme) => drawBoxes(c, track, view, theme, {row: 22, strength: item => .1 + .35 * item[3], centred: true}),
    say: sayWithScore,
  },
  points: {
    height: () => 20,
    add: addItems,
    draw: drawPoints,
    say: (track, i) => track.items[i][2] || (track.items[i][3] ? 'downbeat' : 'beat'),
  },
  notes: {
    height: () => 72,
    add: addNotes,
    draw: drawNotes,
    say: (track, i) => pitchName(track.items[i][2]),
  },
  heatmap: {
    height: track => track.head.rows.length * heatRow(track),
    add: (track, blocks) => addFrames(track, blocks, track.head.rows.length),
    draw: drawHeatmap,
    say: (track, frame) => strongestRows(track, frame),
  },
  colours: {
    height: () => 16,
    add: (track, blocks) => addFrames(track, blocks, 3),
    draw: drawColours,
    say: (track, frame) => `frame ${frame}`,
  },
  pictures: {
    height: () => 64,
    add: addPictures,
    draw: drawPictures,
    say: (track, i) => track.items[i][2] || `picture ${i + 1}`,
  },
};

function sayWithScore(track, index) {
  const [, , text, score] = track.items[index];
  return score < .995 ? `${text} (${score.toFixed(2)})` : text;
}

const hasFrames = track => 'hop' in track.head;
const countOf = track => (hasFrames(track) ? track.frames : track.items.length);

/** Start and end of an item or a frame. */
function extentOf(track, index) {
  if (!hasFrames(track)) return track.items[index];
  const start = track.head.start + index * track.head.hop;
  return [start, start + track.head.hop];
}

function strongestRows(track, frame) {
  const {rows} = track.head;
  const {bytes} = track.blocks[Math.floor(frame / IMAGE_COLUMNS)];
  const at = frame % IMAGE_COLUMNS * rows.length;
  const best = rows.map((name, row) => [bytes[at + row] / 255, name]).sort((a, b) => b[0] - a[0]).slice(0, 2);
  return best.map(([score, name]) => `${name} ${score.toFixed(2)}`).join(', ');
}

// --- state and elements

const ui = {
  root: find('.as-timeline'), audio: find('audio'), play: find('.as-play'), name: find('.as-name'), now: find('.as-now'),
  facts: find('.as-facts'), empty: find('.as-empty'), body: find('.as-body'), rows: find('.as-rows'), plane: find('.as-plane'),
  ruler: find('.as-ruler canvas'), wave: find('.as-wave canvas'), waveRow: find('.as-wave'), slider: find('.as-slider'),
  head: find('.as-head'), hover: find('.as-hover'), tip: find('.as-tip'), loop: find('.as-loop'), loopButton: find('.as-loop-button'),
  spectrumButton: find('.as-spectrum-button'), map: find('.as-map'), hint: find('.as-hint'), live: find('.as-live'),
};
const state = {
  clip: null, tiles: null, time: 0, playing: false, loop: null, spectrum: false, follow: true,
  tracks: new Map(), // by id
  rows: new Map(), // by track id: {row, button, canvas}
  clicked: {index: -1}, // the last place
  active: null, // the track that the up and down arrows walk
  done: new Map(), // feed -> commands carried out
  dirty: new Set(), frame: 0,
  anchor: {audio: 0, clock: 0},
};
const view = new View();
let theme = readTheme();

/** The address of a file that Gradio serves, also below another path. */
function fileUrl(path) {
  const base = (window.gradio_config?.root || location.origin + location.pathname).replace(/\/?$/, '/');
  return base + path.replace(/^\//, '');
}

// --- drawing when something changed

/** Ask for a drawing at the next frame: of one track, 'wave', 'ruler', 'map', or of 'all'. */
function draw(what = 'all') {
  state.dirty.add(what);
  state.frame ||= requestAnimationFrame(onFrame);
}

function onFrame() {
  state.frame = 0;
  if (state.playing) advance();
  const dirty = state.dirty;
  state.dirty = new Set();
  const all = dirty.has('all');
  if (state.clip) {
    if (all) placeLoop();
    if (all || dirty.has('ruler')) drawRuler();
    if (all || dirty.has('wave')) drawSound();
    if (all || dirty.has('map')) drawMap();
    for (const track of state.tracks.values()) if (all || dirty.has(track.id)) drawTrack(track);
    placeHead();
  }
  if (state.playing) state.frame ||= requestAnimationFrame(onFrame);
}

/** A cleared context in CSS pixels; null while the canvas is not shown. */
function contextOf(canvas, height) {
  const ratio = devicePixelRatio || 1;
  const width = canvas.clientWidth;
  if (!width) return null;
  const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== w || canvas.height !== h) {
    canvas.width = w;
    canvas.height = h;
    canvas.style.height = `${height}px`;
  }
  const context = canvas.getContext('2d');
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.globalAlpha = 1;
  context.clearRect(0, 0, width, height);
  return context;
}

function drawSound() {
  const height = 72;
  const context = ui.waveRow.dataset.folded ? null : contextOf(ui.wave, height);
  if (context) (state.spectrum ? drawSpectrogram : drawWave)(context, state.clip, state.tiles, view, height, theme);
}

function drawTrack(track) {
  if (track.folded) return;
  const height = track.kind.height(track);
  const context = contextOf(state.rows.get(track.id).canvas, height);
  if (context) track.kind.draw(context, track, view, theme, height);
}

function drawRuler() {
  const context = contextOf(ui.ruler, 20);
  if (!context) return;
  const step = NICE_SECONDS.find(seconds => seconds / view.secondsPerPixel >= 72) ?? 3600;
  const digits = step >= 1 ? 0 : step >= .1 ? 1 : step >= .01 ? 2 : 3;
  context.font = theme.small;
  context.textBaseline = 'middle';
  for (let tick = Math.ceil(view.start / step - 1e-6); tick * step <= view.end + 1e-9; tick++) {
    const x = view.x(tick * step);
    context.fillStyle = theme.line;
    context.fillRect(Math.round(x), 3, 1, 17);
    const text = clock(tick * step, digits);
    if (x + 4 + 6 * text.length > view.width) continue;
    context.fillStyle = theme.soft;
    context.fillText(text, Math.round(x) + 4, 10);
  }
}

/** The whole clip in small, with the stretch in view marked; stands where the hint stood. */
function drawMap() {
  ui.map.hidden = view.whole;
  ui.hint.hidden = !view.whole;
  if (view.whole) return;
  const height = 28;
  const context = contextOf(ui.map, height);
  if (!context) return;
  const whole = new View();
  Object.assign(whole, {duration: view.duration, span: view.duration, width: ui.map.clientWidth});
  drawBars(context, state.clip, state.tiles, whole, height, theme);
  const left = whole.x(view.start), width = Math.max(whole.x(view.end) - left, 3);
  context.fillStyle = theme.accent;
  context.globalAlpha = .14;
  context.fillRect(left, 0, width, height);
  context.globalAlpha = 1;
  context.strokeStyle = theme.accent;
  context.strokeRect(left + .5, .5, width - 1, height - 1);
}

/** Where the playhead is drawn; over the lanes, so that playing redraws nothing else. */
function placeHead() {
  const x = view.x(state.time);
  ui.head.hidden = x < -1 || x > view.width + 1;
  ui.head.style.transform = `translateX(${x}px)`;
  const text = clock(state.time);
  if (ui.now.textContent !== text) ui.now.textContent = text;
}

function placeLoop() {
  ui.loop.hidden = !state.loop;
  ui.loopButton.setAttribute('aria-pressed', String(Boolean(state.loop)));
  if (!state.loop) return;
  const left = clamp(view.x(state.loop.start), -8, view.width + 8);
  const right = clamp(view.x(state.loop.end), -8, view.width + 8);
  ui.loop.style.transform = `translateX(${left}px)`;
  ui.loop.style.width = `${Math.max(right - left, 1)}px`;
  const stops = state.loop.parts.map(([start, end]) => {
    const [from, to] = [view.x(start) - left, Math.max(view.x(end), view.x(start) + 1) - left];
    return `transparent ${from}px, var(--as-looped) ${from}px ${to}px, transparent ${to}px`;
  });
  ui.loop.style.background = stops.length > 1 ? `linear-gradient(90deg, ${stops})` : '';
}

// --- playing

/**
 * The time that sounds now. The element's own clock moves in steps in some browsers: between two readings
 * time goes on by the page's clock, never further than 100 ms.
 */
function soundTime() {
  const {audio} = ui, clockNow = performance.now();
  if (audio.currentTime !== state.anchor.audio) state.anchor = {audio: audio.currentTime, clock: clockNow};
  const gone = audio.paused || audio.seeking || audio.readyState < 3 ? 0 : (clockNow - state.anchor.clock) / 1000;
  return Math.min(state.anchor.audio + Math.min(gone * audio.playbackRate, .1), view.duration);
}

function advance() {
  const time = soundTime();
  const next = partAfter(time);
  if (next) return jump(next[0]);
  state.time = time;
  followHead();
  noteCurrent();
  tellTime();
}

/** The part of the loop that follows now: the sound has just run out of one, and not into another. */
function partAfter(time) {
  const parts = state.loop?.parts ?? [], left = parts.findLastIndex(part => part[1] <= time);
  if (left < 0 || state.time > parts[left][1] + .5) return null;
  const next = parts[(left + 1) % parts.length];
  return time >= next[0] && time < next[1] ? null : next;
}

function jump(time) {
  state.time = clamp(time, 0, view.duration);
  ui.audio.currentTime = state.time;
  state.anchor = {audio: state.time, clock: performance.now()};
  noteCurrent();
  tellTime();
}

/** Turn the page when the playhead leaves it, unless the person is looking elsewhere. */
function followHead() {
  const inside = view.has(state.time);
  if (!state.follow) {
    state.follow = inside;
  } else if (!inside || (state.time > view.end - view.span * .04 && view.end < view.duration)) {
    view.show(state.time - view.span * .06, view.span);
    draw();
  }
}

function togglePlay() {
  if (!state.clip) return;
  if (!ui.audio.paused) return ui.audio.pause();
  state.follow = true;
  if (state.time >= view.duration - .01) jump(state.loop?.start ?? 0);
  ui.audio.play().catch(() => {}); // the 'error' event tells what went wrong
}

function onPlayState() {
  state.playing = !ui.audio.paused && !ui.audio.ended;
  ui.play.setAttribute('aria-label', state.playing ? 'Pause' : 'Play');
  ui.root.dataset.playing = String(state.playing);
  if (!state.playing && state.clip) {
    state.time = ui.audio.ended ? view.duration : ui.audio.currentTime;
    settle();
  }
  draw('head');
}

/** A loop that reaches the end goes on, though the element has stopped. */
function onEnded() {
  if (!state.loop || state.loop.end < view.duration - .1) return onPlayState();
  jump(state.loop.start);
  ui.audio.play();
}

/** The item under the playhead is underlined: redraw where it changed. */
function noteCurrent() {
  for (const track of state.tracks.values()) {
    if (hasFrames(track) || !['spans', 'words', 'labels', 'pictures'].includes(track.head.kind)) continue;
    const current = track.at(state.time);
    if (current === track.current) continue;
    track.current = current;
    draw(track.id);
  }
}

function tellTime() {
  const detail = {time: state.time, playing: state.playing, duration: view.duration};
  window.dispatchEvent(new CustomEvent('audioscope:time', {detail}));
  const second = String(Math.floor(state.time));
  if (!state.playing || ui.slider.getAttribute('aria-valuenow') !== second) {
    ui.slider.setAttribute('aria-valuenow', second);
    ui.slider.setAttribute('aria-valuetext', `${spokenTime(state.time)} of ${spokenTime(view.duration)}`);
  }
}

/** After a seek or a pause: say what is under the playhead, once. */
function settle() {
  tellTime();
  const parts = [];
  for (const track of state.tracks.values()) {
    if (track.folded || ['points', 'colours'].includes(track.head.kind)) continue;
    const index = hasFrames(track) ? frameAt(track, state.time) : track.at(state.time);
    if (index >= 0) parts.push(`${track.head.name}: ${track.kind.say(track, index)}`);
  }
  ui.live.textContent = [clock(state.time), ...parts.slice(0, 4)].join('. ');
}

let seekTimer = 0;

/** The person moved the playhead: everything follows at once; Python and the screen reader when it rests. */
function seekByHand(time) {
  jump(time);
  reveal(state.time, state.time);
  clearTimeout(seekTimer);
  seekTimer = setTimeout(() => {
    if (!state.playing) settle();
    trigger('seek', {time: state.time});
  }, 150);
}

// --- zoom, scroll, loop, select

/** The person looks elsewhere: the playhead is followed only while it is in sight. */
function looked() {
  state.follow = view.has(state.time);
  draw();
}

function look(start, span) {
  view.show(start, span);
  looked();
}

/** `time` stays where it is on the screen. */
function zoom(factor, time) {
  view.showAt(time, view.x(time), view.span * factor);
  looked();
}

/** Zoom about the playhead, or the middle when it is out of sight. */
function zoomByKey(factor) {
  zoom(factor, view.has(state.time) ? state.time : view.start + view.span / 2);
}

function setLoop(start, end, parts = [[start, end]]) {
  const valid = start !== null && end - start >= SMALLEST_LOOP, inside = time => clamp(time, 0, view.duration);
  state.loop = valid ? {start: inside(start), end: inside(end), parts: parts.map(part => part.map(inside))} : null;
  placeLoop();
  window.dispatchEvent(new CustomEvent('audioscope:looped', {detail: state.loop && {...state.loop}}));
}

function tellLoop() {
  trigger('loop', state.loop ? {...state.loop} : {start: null, end: null});
  ui.live.textContent = state.loop ? `Loop from ${clock(state.loop.start)} to ${clock(state.loop.end)}` : 'Loop off';
}

/** L: loop what is selected, else what is in view; again: no loop. */
function toggleLoop() {
  if (!state.clip) return;
  const track = state.tracks.get(state.active);
  const [start, end] = track && track.selected >= 0 ? extentOf(track, track.selected) : [0, 0];
  if (state.loop) setLoop(null);
  else if (end - start >= SMALLEST_LOOP) setLoop(start, end);
  else setLoop(view.start, view.end);
  tellLoop();
}

function toggleSpectrum() {
  state.spectrum = !state.spectrum;
  ui.spectrumButton.setAttribute('aria-pressed', String(state.spectrum));
  ui.waveRow.querySelector('.as-fold span').textContent = state.spectrum ? 'Spectrum' : 'Wave';
  labelSound();
  draw('wave');
}

function select(track, index) {
  const old = state.tracks.get(state.active);
  if (old) old.selected = -1;
  if (old) draw(old.id);
  state.active = track?.id ?? null;
  if (!track) return;
  track.selected = index;
  draw(track.id);
  if (index < 0) return;
  const [start, end] = extentOf(track, index);
  const detail = {track: track.id, index, start, end, text: track.kind.say(track, index)};
  window.dispatchEvent(new CustomEvent('audioscope:select', {detail}));
  return detail;
}

/** Up and down: the item before or after, on the track last touched. */
function walk(step) {
  const track = state.tracks.get(state.active) ?? [...state.tracks.values()].find(each => !hasFrames(each) && each.items.length);
  if (!track || hasFrames(track) || !track.items.length) return;
  const here = track.selected >= 0 ? track.selected + step : Math.max(lowerBound(track.starts, state.time), 0);
  const detail = select(track, clamp(here, 0, track.items.length - 1));
  trigger('select', detail);
  seekByHand(detail.start);
  ui.live.textContent = `${track.head.name}: ${detail.text}`;
}

// --- what is under the pointer

/** The item of a track at a place in its lane; -1 for none. */
function hit(track, x, y) {
  const time = view.time(x);
  const {kind} = track.head;
  if (hasFrames(track)) return frameAt(track, time);
  const reach = (kind === 'points' ? 5 : 2) * view.secondsPerPixel;
  const [first, last] = track.range(time - reach, time + reach);
  let best = -1, distance = Infinity;
  for (let i = last - 1; i >= first; i--) {
    const [start, end, pitch] = track.items[i];
    const away = Math.max(start - time, time - end, 0);
    if (away > reach || away >= distance) continue;
    if (kind === 'spans' && track.lanes[i] !== Math.floor(y / 22)) continue;
    if (kind === 'notes') {
      const {top, each} = noteRow(track, pitch, track.kind.height(track));
      if (y < top - 2 || y > top + each + 2) continue;
    }
    best = i;
    distance = away;
  }
  return best;
}

/** The track, the item and the place below a pointer event. */
function placeOf(event) {
  const x = event.clientX - ui.ruler.getBoundingClientRect().left;
  const row = event.target.closest('.as-row');
  const track = state.tracks.get(row?.dataset.track);
  const y = track ? event.clientY - state.rows.get(track.id).canvas.getBoundingClientRect().top : 0;
  return {x, track, time: clamp(view.time(x), 0, view.duration), index: track && !track.folded ? hit(track, x, y) : -1, row};
}

/** A click seeks: to an item's start when it is short or a moment, else to where the click was. */
function click(place) {
  const {track, index} = place;
  let {time} = place;
  state.clicked = place;
  const detail = track ? select(track, index) : select(null);
  if (detail && !hasFrames(track) && detail.end - detail.start < SHORT_ITEM) time = detail.start;
  seekByHand(time);
  if (detail) trigger('select', detail);
}

function showTip(event) {
  const place = placeOf(event);
  ui.hover.hidden = false;
  ui.hover.style.transform = `translateX(${place.x}px)`;
  const digits = view.span < 1 ? 3 : view.span < 20 ? 2 : 1;
  const said = place.index >= 0 ? '  ' + place.track.kind.say(place.track, place.index) : '';
  ui.tip.textContent = clock(place.time, digits) + said;
  const width = ui.tip.offsetWidth;
  ui.tip.style.transform = `translateX(${clamp(place.x + 8, 0, Math.max(view.width - width, 0)) - place.x}px)`;
}

function hideTip() { ui.hover.hidden = true; }

// --- pointers

const pointers = new Map(); // those that are down, by id
let gesture = null;

function onPointerDown(event) {
  if (!state.clip || event.button > 0) return;
  const place = placeOf(event);
  pointers.set(event.pointerId, event);
  ui.plane.setPointerCapture(event.pointerId);
  hideTip();
  if (pointers.size === 2) {
    gesture = beginPinch();
    return;
  }
  const handle = event.target.closest('[data-edge]')?.dataset.edge;
  const onSound = place.row?.matches('.as-ruler, .as-wave') ?? false;
  const marks = event.pointerType === 'mouse' && (event.shiftKey || onSound);
  const kind = handle ? 'edge' : marks ? 'mark' : 'pan';
  gesture = {kind, handle, place, x: event.clientX, start: view.start, moved: false, before: state.loop};
}

function onPointerMove(event) {
  if (!pointers.has(event.pointerId)) {
    if (state.clip && event.pointerType === 'mouse') showTip(event);
    return;
  }
  pointers.set(event.pointerId, event);
  if (!gesture) return;
  if (gesture.kind === 'pinch') return movePinch();
  const distance = event.clientX - gesture.x;
  if (!gesture.moved && Math.abs(distance) < DRAG) return;
  gesture.moved = true;
  dragging[gesture.kind](event, distance);
}

const dragging = {
  pan(event, distance) { look(gesture.start - distance * view.secondsPerPixel, view.span); },
  mark(event) {
    const times = [gesture.place.time, placeTime(event)].sort((a, b) => a - b);
    setLoop(...times);
  },
  edge(event) {
    const {start, end} = gesture.before;
    const fixed = gesture.handle === 'start' ? end : start;
    setLoop(...[fixed, placeTime(event)].sort((a, b) => a - b));
  },
};

const placeTime = event => clamp(view.time(event.clientX - ui.ruler.getBoundingClientRect().left), 0, view.duration);

function onPointerUp(event) {
  if (!pointers.delete(event.pointerId) || !gesture) return;
  const ended = gesture;
  if (pointers.size) return; // a pinch ends with its last finger
  gesture = null;
  if (ended.kind === 'pinch') return;
  if (!ended.moved && ended.kind !== 'edge') click(ended.place);
  else if (ended.kind !== 'pan') tellLoop();
}

/** The browser took the pointer, to scroll the page: as if nothing had been touched. */
function onPointerCancel(event) {
  pointers.delete(event.pointerId);
  if (gesture?.moved && gesture.kind !== 'pan') state.loop = gesture.before;
  gesture = null;
  draw();
}

const pinchNow = () => {
  const [a, b] = [...pointers.values()];
  const left = ui.ruler.getBoundingClientRect().left;
  return {x: (a.clientX + b.clientX) / 2 - left, distance: Math.max(Math.abs(a.clientX - b.clientX), 24)};
};

function beginPinch() {
  const {x, distance} = pinchNow();
  return {kind: 'pinch', time: view.time(x), distance, span: view.span};
}

/** The time between the fingers stays between them. */
function movePinch() {
  if (pointers.size < 2) return;
  const {x, distance} = pinchNow();
  view.showAt(gesture.time, x, gesture.span * gesture.distance / distance);
  looked();
}

/** Twice on an item loops it. */
function onDoubleClick() {
  const {track, index} = state.clicked;
  if (!track || index < 0) return;
  const [start, end] = extentOf(track, index);
  setLoop(start, end);
  tellLoop();
}

/** The wheel zooms about the pointer; sideways, or with Shift, it scrolls. At the ends the page scrolls. */
function onWheel(event) {
  if (!state.clip) return;
  const scale = event.deltaMode === 1 ? 16 : event.deltaMode === 2 ? 240 : 1;
  const sideways = Math.abs(event.deltaX) > Math.abs(event.deltaY) || event.shiftKey;
  const before = [view.start, view.span];
  if (sideways && !event.ctrlKey) {
    const delta = (event.deltaX || event.deltaY) * scale;
    look(view.start + delta * view.secondsPerPixel, view.span);
  } else {
    const speed = event.ctrlKey ? .01 : .0025;
    zoom(Math.exp(clamp(event.deltaY * scale, -120, 120) * speed), placeTime(event));
  }
  if (before[0] !== view.start || before[1] !== view.span || event.ctrlKey) event.preventDefault();
}

function onMapPointer(event) {
  if (event.type === 'pointerdown') ui.map.setPointerCapture(event.pointerId);
  else if (!ui.map.hasPointerCapture(event.pointerId)) return;
  const box = ui.map.getBoundingClientRect();
  look((event.clientX - box.left) / box.width * view.duration - view.span / 2, view.span);
}

// --- keys

const KEYS = {
  ' ': togglePlay,
  ArrowLeft: event => seekByHand(state.time - stepSeconds(event)),
  ArrowRight: event => seekByHand(state.time + stepSeconds(event)),
  Home: () => seekByHand(0),
  End: () => seekByHand(view.duration),
  '+': () => zoomByKey(.5),
  '-': () => zoomByKey(2),
  l: toggleLoop,
  Escape: () => { setLoop(null); tellLoop(); },
};
const SAME_KEY = {'=': '+', '−': '-', L: 'l'};
const KEYS_INSIDE = {ArrowUp: () => walk(-1), ArrowDown: () => walk(1)};

/** A step is about a fiftieth of what is in view, ten times as much with Shift. */
function stepSeconds(event) {
  const step = NICE_SECONDS.find(seconds => seconds >= view.span / 60) ?? 60;
  return event.shiftKey ? 10 * step : step;
}

/** Keys count in the timeline and where nothing has the focus; never where somebody types. */
function onKey(event) {
  if (!state.clip || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  const inside = ui.root.contains(event.target);
  if (!inside && event.target !== document.body) return;
  if (inside && event.target.closest('button') && [' ', 'Enter'].includes(event.key)) return;
  const key = SAME_KEY[event.key] ?? event.key;
  const action = KEYS[key] ?? (inside ? KEYS_INSIDE[key] : undefined);
  if (!action || (event.key === 'Escape' && !state.loop)) return;
  event.preventDefault();
  action(event);
}

// --- rows

/** The row of a track, made when the track first comes, in the order of kinds. */
function rowOf(track) {
  if (state.rows.has(track.id)) return state.rows.get(track.id);
  const row = document.createElement('div');
  row.className = 'as-row';
  row.dataset.track = track.id;
  row.innerHTML = '<button type="button" class="as-fold" aria-expanded="true"><span></span></button><canvas role="img"></canvas>';
  const made = {row, button: row.firstChild, canvas: row.lastChild};
  made.button.addEventListener('click', () => fold(track));
  made.button.addEventListener('focus', () => { if (state.active !== track.id) select(track, -1); });
  state.rows.set(track.id, made);
  return made;
}

function placeRows() {
  const rank = track => ORDER.indexOf(track.head.kind);
  const tracks = [...state.tracks.values()].sort((a, b) => rank(a) - rank(b));
  tracks.forEach((track, place) => {
    const {row} = rowOf(track);
    if (ui.rows.children[place] !== row) ui.rows.insertBefore(row, ui.rows.children[place] ?? null);
  });
}

function nameRow(track) {
  const {row, button, canvas} = rowOf(track);
  const count = countOf(track), unit = hasFrames(track) ? 'frames' : 'items';
  button.firstChild.textContent = track.head.name;
  button.title = track.head.name;
  row.dataset.kind = track.head.kind;
  const extent = count ? `, ${clock(extentOf(track, 0)[0])} to ${clock(hasFrames(track) ? extentOf(track, count - 1)[1] : track.reach.at(-1))}` : '';
  canvas.setAttribute('aria-label', `${track.head.name}: ${count} ${unit}${extent}`);
}

function fold(track) {
  track.folded = !track.folded;
  foldRow(rowOf(track).row, track.folded);
  draw(track.id);
}

function foldRow(row, folded) {
  row.querySelector('.as-fold').setAttribute('aria-expanded', String(!folded));
  if (folded) row.dataset.folded = 'true'; else delete row.dataset.folded;
}

function dropTrack(id) {
  state.rows.get(id)?.row.remove();
  state.rows.delete(id);
  state.tracks.delete(id);
  if (state.active === id) state.active = null;
}

// --- what Python sends

/**
 * A value is {token, clip} (show this clip, or none) or {token, feed, tracks, commands}: tracks by id as the
 * texts of timeline_tracks.py, null for "take it off", and the commands of the feed so far, as JSON.
 */
function receive() {
  const value = props.value;
  if (!value) return;
  if ('clip' in value) return showClip(value.clip && JSON.parse(value.clip));
  if (!state.clip || value.token !== state.clip.token) return;
  for (const [id, text] of Object.entries(value.tracks)) receiveTrack(id, text);
  placeRows();
  noteCurrent();
  const commands = JSON.parse(value.commands);
  for (const command of commands.slice(state.done.get(value.feed) ?? 0)) obey(command);
  state.done.set(value.feed, commands.length);
}

function receiveTrack(id, text) {
  if (text === null) return dropTrack(id);
  const track = state.tracks.get(id) ?? new Track(id);
  if (!track.update(text)) return;
  state.tracks.set(id, track);
  nameRow(track);
  draw(id);
}

function obey(command) {
  if (command.name === 'seek') {
    jump(command.time);
    reveal(command.time, command.time);
    if (command.play && ui.audio.paused) togglePlay();
  } else if (command.name === 'loop') {
    setLoop(command.start, command.end);
  } else if (command.name === 'select') {
    const track = state.tracks.get(command.track);
    if (!track || command.index >= countOf(track)) return;
    const {start, end} = select(track, command.index);
    jump(start);
    reveal(start, end);
  }
}

/** Bring a stretch into view without changing more than needed. */
function reveal(start, end) {
  state.follow = true;
  if (view.has(start)) return draw('head');
  view.show((start + Math.min(end, start + view.span) - view.span) / 2, view.span);
  draw();
}

function decodeTile(kind, base64) {
  const bytes = bytesOf(base64);
  return kind === 'mel' ? {bytes} : new Int8Array(bytes.buffer);
}

function showClip(clip) {
  if (clip && state.clip?.token === clip.token) return;
  for (const id of [...state.tracks.keys()]) dropTrack(id);
  ui.audio.pause();
  setLoop(null);
  Object.assign(state, {clip, time: 0, follow: true, active: null, done: new Map(), anchor: {audio: 0, clock: 0}});
  ui.root.dataset.empty = String(!clip);
  ui.play.disabled = ui.loopButton.disabled = ui.spectrumButton.disabled = !clip;
  if (!clip) return ui.audio.removeAttribute('src');
  state.tiles = new Tiles(clip.token, decodeTile, () => draw('wave'));
  state.tiles.putOverview(clip.overview);
  view.duration = clip.duration;
  ui.audio.src = fileUrl(clip.url);
  ui.name.textContent = clip.name;
  ui.name.title = clip.name;
  ui.facts.textContent = ` / ${clock(clip.duration)} · ${channelWord(clip.channels)} · ${+(clip.sampleRate / 1000).toFixed(2)} kHz`;
  ui.slider.setAttribute('aria-valuemax', String(clip.duration));
  labelSound();
  measure();
  view.show(0, clip.duration);
  tellTime();
  draw();
}

function labelSound() {
  const what = state.spectrum ? 'Log-mel spectrogram' : 'Waveform';
  ui.wave.setAttribute('aria-label', `${what} of ${state.clip?.name ?? 'no clip'}`);
}

// --- wiring

function measure() {
  view.width = Math.max(ui.ruler.clientWidth, 1);
  draw();
}

function onTheme() {
  theme = readTheme();
  draw();
}

function onAudioError() {
  if (state.clip) ui.facts.textContent = ' · this browser cannot play the file';
}

function listen() {
  ui.play.addEventListener('click', togglePlay);
  ui.loopButton.addEventListener('click', toggleLoop);
  ui.spectrumButton.addEventListener('click', toggleSpectrum);
  find('.as-in').addEventListener('click', () => zoomByKey(.5));
  find('.as-out').addEventListener('click', () => zoomByKey(2));
  find('.as-fit').addEventListener('click', () => look(0, view.duration));
  ui.waveRow.querySelector('.as-fold').addEventListener('click', () => {
    foldRow(ui.waveRow, !ui.waveRow.dataset.folded);
    draw('wave');
  });
  const {body} = ui;
  body.addEventListener('pointerdown', event => { if (!event.target.closest('.as-fold')) onPointerDown(event); });
  body.addEventListener('pointermove', onPointerMove);
  body.addEventListener('pointerup', onPointerUp);
  body.addEventListener('pointercancel', onPointerCancel);
  body.addEventListener('pointerleave', hideTip);
  body.addEventListener('dblclick', onDoubleClick);
  body.addEventListener('wheel', onWheel, {passive: false});
  for (const type of ['pointerdown', 'pointermove']) ui.map.addEventListener(type, onMapPointer);
  for (const type of ['play', 'pause', 'playing']) ui.audio.addEventListener(type, onPlayState);
  ui.audio.addEventListener('ended', onEnded);
  ui.audio.addEventListener('timeupdate', () => { if (state.playing && document.hidden) advance(); });
  ui.audio.addEventListener('error', onAudioError);
}

/** Listeners beyond the element; they go when Gradio takes the element away. */
function listenOutside() {
  const gone = new AbortController();
  const on = (target, type, handler) => target.addEventListener(type, handler, {signal: gone.signal});
  on(document, 'keydown', onKey);
  on(window, 'audioscope:seek', ({detail}) => {
    if (!state.clip || !Number.isFinite(detail?.time)) return;
    seekByHand(detail.time);
    if (detail.play && ui.audio.paused) togglePlay();
  });
  on(window, 'audioscope:loop', ({detail}) => {
    if (state.clip) setLoop(detail?.start ?? null, detail?.end, detail?.parts);
  });
  const sizes = new ResizeObserver(measure);
  sizes.observe(ui.body);
  const classes = new MutationObserver(onTheme);
  for (const target of [document.body, document.documentElement]) classes.observe(target, {attributes: true, attributeFilter: ['class']});
  const presence = new MutationObserver(() => {
    if (element.isConnected) return;
    gone.abort();
    [sizes, classes, presence].forEach(observer => observer.disconnect());
  });
  presence.observe(document.body, {childList: true, subtree: true});
}

listen();
listenOutside();
ui.root.timeline = {state, view, look, zoom, seek: seekByHand};
watch('value', receive);
receive();
