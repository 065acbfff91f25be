/* The waveform and the spectrogram. */

import {dotPicture} from '../../page/dots.js';
import {peaksBetween, readyPeakLevel, wantedMelLevel} from './tiles.js';

const BAR = 3; // CSS pixels from one bar of the waveform to the next
const SAMPLES_PER_PIXEL = 4; // with fewer, samples are joined by a line

/** Bars that stay with the sound when it scrolls: each covers the same stretch of time, wherever it is. */
export function drawBars(context, clip, tiles, view, height, theme) {
  const each = BAR * view.secondsPerPixel;
  const level = readyPeakLevel(clip, tiles, view.start, view.end, each / 2);
  const middle = height / 2;
  const scale = (height / 2 - 2) / 127;
  context.fillStyle = theme.wave;
  for (let bar = Math.floor(view.start / each); bar * each < Math.min(view.end, clip.duration); bar++) {
    const first = Math.round((bar * each) / level.seconds);
    const last = Math.max(Math.round(((bar + 1) * each) / level.seconds), first + 1);
    const peaks = peaksBetween(tiles, level, first, last);
    if (!peaks) continue;
    const top = Math.min(middle - peaks[1] * scale, middle - 0.5);
    const bottom = Math.max(middle - peaks[0] * scale, middle + 0.5);
    context.fillRect(view.x(bar * each), top, BAR - 1, bottom - top);
  }
}

/** The samples themselves, joined by a line. */
function drawSamples(context, clip, tiles, view, height, theme) {
  const level = readyPeakLevel(clip, tiles, view.start, view.end, 1 / clip.sampleRate);
  const middle = height / 2;
  const scale = (height / 2 - 2) / 127;
  context.strokeStyle = theme.wave;
  context.lineWidth = 1.5;
  context.lineJoin = 'round';
  context.beginPath();
  for (let i = Math.floor(view.start / level.seconds); i * level.seconds <= view.end; i++) {
    const peaks = peaksBetween(tiles, level, i, i + 1);
    if (peaks) context.lineTo(view.x(i * level.seconds), middle - ((peaks[0] + peaks[1]) / 2) * scale);
  }
  context.stroke();
}

export function drawWave(context, clip, tiles, view, height, theme) {
  const samplesPerPixel = view.secondsPerPixel * clip.sampleRate;
  (samplesPerPixel < SAMPLES_PER_PIXEL ? drawSamples : drawBars)(context, clip, tiles, view, height, theme);
}

/** Spectrogram bytes of one tile as a picture in the colours of the theme, low bands at the bottom. */
function melPicture(tile, bands, theme) {
  if (tile.theme === theme) return tile.picture;
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

/** Levels from coarse to fine, so that a missing tile leaves a blurred picture and no hole. */
export function drawSpectrogram(context, clip, tiles, view, height, theme) {
  const {melSeconds, melColumns, melBands} = tiles.layout;
  const wanted = wantedMelLevel(tiles.layout, view.secondsPerPixel);
  const sharp = value => Math.round(value * devicePixelRatio) / devicePixelRatio;
  context.imageSmoothingEnabled = true;
  for (let level = melSeconds.length - 1; level >= wanted; level--) {
    const seconds = melSeconds[level] * melColumns;
    const end = Math.min(view.end, clip.duration - 1e-6);
    for (let index = Math.floor(view.start / seconds); index * seconds <= end; index++) {
      const tile = level === wanted ? tiles.get('mel', level, index) : tiles.peek('mel', level, index);
      if (!tile) continue;
      const left = sharp(view.x(index * seconds));
      const right = sharp(view.x(index * seconds + (tile.bytes.length / melBands) * melSeconds[level]));
      context.drawImage(melPicture(tile, melBands, theme), left, 0, right - left, height);
    }
  }
}
