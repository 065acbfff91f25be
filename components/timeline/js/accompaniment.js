/* Clicks on the beats, a soft chord track and the notes, in time with the player. */

import {hertz, playDrum, playNote} from '../../page/synth.js';
import {voicing} from './voicing.js';

const SCHEDULING_MS = 25;
const LOOK_AHEAD = 1.5; // seconds: browsers run the timers of a hidden page once a second
const MAX_DRIFT = 0.006; // seconds between the two clocks, above which all is scheduled anew
const DRIFT_WEIGHT = 0.1; // of one comparison of the clocks
const CLICK_SECONDS = 0.04;
const CLICK_HZ = {downbeat: 1760, beat: 1175}; // A6 and D6
const CLICK_LEVEL = 0.5;
const VOICE_LEVEL = 0.05;
const ATTACK = 0.03; // seconds
const RELEASE = 0.06;

/**
 * Sound that goes with a clip. The clip's clock and that of the AudioContext are compared at each tick; what lies in the
 * next LOOK_AHEAD seconds is scheduled on the second one, so that each click is exact to the sample.
 *
 * `player` has `audio` (the media element), `end(time)` (where the sound leaves off or jumps after that moment) and
 * `items(part, start, end)` (those of the track 'beats', 'chords', 'notes' or 'drums' that touch a stretch).
 */
export class Accompaniment {
  constructor(player, makeContext = () => new AudioContext()) {
    this.player = player;
    this.makeContext = makeContext;
    this.parts = new Set(); // of 'beats', 'chords', 'notes' and 'drums', those that are switched on
    this.notesVolume = 0; // 0 to 1
    this.context = null;
    this.sounding = []; // {part, start, when, end, stop()}
    this.anchor = null; // {clip, context}: two readings of one moment, in seconds
    this.doubt = null; // a reading that does not agree with the anchor
    this.reading = NaN; // of the clip's clock, the latest
    this.timer = 0;
  }

  /** Switch a part on or off. */
  toggle(part, on) {
    if (on) this.parts.add(part);
    else this.parts.delete(part);
    if (!this.parts.size) return this.close();
    this.restart();
  }

  /** Schedule anew: after a seek, a pause, another rate, other tracks. */
  restart() {
    this.silence();
    clearInterval(this.timer);
    if (!this.parts.size || this.player.audio.paused) return;
    this.context ??= this.open();
    this.reading = this.player.audio.currentTime;
    this.timer = setInterval(() => this.tick(), SCHEDULING_MS);
  }

  /** End all sound and give the audio device back. */
  close() {
    clearInterval(this.timer);
    this.silence();
    this.context?.close();
    this.context = null;
  }

  open() {
    const context = this.makeContext();
    this.output = context.createGain();
    this.output.connect(context.destination);
    this.notes = context.createGain();
    this.notes.connect(context.destination);
    this.notes.gain.value = this.notesVolume;
    this.clicks = {beat: clickBuffer(context, CLICK_HZ.beat), downbeat: clickBuffer(context, CLICK_HZ.downbeat)};
    return context;
  }

  /** Set how loud the notes are, 0 to 1; they are switched on above 0. */
  setNotesVolume(volume) {
    this.notesVolume = volume;
    if (this.context) this.notes.gain.value = volume;
    for (const part of ['notes', 'drums']) if (this.parts.has(part) !== volume > 0) this.toggle(part, volume > 0);
  }

  /** The moment of the context that leaves the loudspeaker now; null while it has not begun. */
  heard() {
    const {contextTime, performanceTime} = this.context.getOutputTimestamp();
    if (this.context.state !== 'running' || !performanceTime) return null;
    return contextTime + (performance.now() - performanceTime) / 1000;
  }

  /** When a moment of the clip sounds, in seconds of the context. */
  whenOf(time) {
    return this.anchor.context + (time - this.anchor.clip) / this.player.audio.playbackRate;
  }

  tick() {
    const {audio} = this.player;
    const context = this.heard();
    if (context === null || audio.paused || audio.seeking || audio.readyState < 3) return;
    const clip = audio.currentTime;
    if (clip === this.reading) return; // the player has not begun, or its clock moves in steps
    this.reading = clip;
    if (!this.compare({clip, context})) return;
    this.sounding = this.sounding.filter(sound => sound.end > this.context.currentTime);
    const end = Math.min(clip + LOOK_AHEAD * audio.playbackRate, this.player.end(clip));
    if (this.parts.has('beats')) this.scheduleBeats(Math.max(clip, this.until.beats), end);
    if (this.parts.has('chords')) this.scheduleChords(Math.max(clip, this.until.chords), end, this.player.end(clip));
    if (this.parts.has('notes')) this.scheduleNotes('notes', playNote, clip, end);
    if (this.parts.has('drums')) this.scheduleNotes('drums', playDrum, clip, end);
  }

  /**
   * Compare the clocks, and return whether the anchor holds. It is moved when two readings agree that it is off: the first
   * ones of a starting player are often wrong, and so is one that a busy page has delayed.
   */
  compare(now) {
    const drift = this.anchor ? now.context - this.whenOf(now.clip) : Infinity;
    if (Math.abs(drift) <= MAX_DRIFT) {
      this.anchor.context += DRIFT_WEIGHT * drift;
      this.doubt = null;
      return true;
    }
    const {doubt} = this;
    this.doubt = now;
    if (!doubt || Math.abs(now.context - doubt.context - (now.clip - doubt.clip) / this.player.audio.playbackRate) > MAX_DRIFT)
      return Boolean(this.anchor);
    this.silence();
    this.anchor = now;
    return true;
  }

  scheduleBeats(from, to) {
    for (const [start, , , strong] of this.player.items('beats', from, to)) {
      if (start < from || this.whenOf(start) < this.context.currentTime) continue;
      const when = this.whenOf(start);
      const source = new AudioBufferSourceNode(this.context, {buffer: this.clicks[strong ? 'downbeat' : 'beat']});
      source.connect(this.output);
      source.start(when);
      this.sounding.push({
        part: 'beats',
        start,
        when,
        strong: Boolean(strong),
        end: when + CLICK_SECONDS,
        stop: () => source.stop(),
      });
    }
    this.until.beats = Math.max(this.until.beats, to);
  }

  /** A note that has begun is played for the rest of its time; `play` is one of synth.js. */
  scheduleNotes(part, play, clip, to) {
    const from = Math.max(clip, this.until[part]);
    for (const [start, end, pitch, velocity] of this.player.items(part, from, to)) {
      if (start < this.until[part] || start >= to || end <= from || (part === 'drums' && start < from)) continue;
      const when = this.whenOf(Math.max(start, from));
      const seconds = (end - Math.max(start, from)) / this.player.audio.playbackRate;
      this.sounding.push({part, start, when, ...play(this.context, this.notes, {pitch, velocity, when, seconds})});
    }
    this.until[part] = Math.max(this.until[part], to);
  }

  scheduleChords(from, to, last) {
    for (const [start, end, , , classes] of this.player.items('chords', from, to)) {
      if (!classes?.length || end <= from || start < this.until.chords) continue;
      const first = Math.max(start, from);
      this.playChord(classes, first, this.whenOf(first), this.whenOf(Math.min(end, last)));
    }
    this.until.chords = Math.max(this.until.chords, to);
  }

  playChord(classes, start, whenStart, end) {
    const {context} = this;
    const when = Math.max(whenStart, context.currentTime);
    const gain = new GainNode(context, {gain: 0});
    gain.connect(this.output);
    gain.gain.setValueAtTime(0, when);
    gain.gain.linearRampToValueAtTime(VOICE_LEVEL, when + ATTACK);
    gain.gain.setTargetAtTime(0, Math.max(end - RELEASE, when + ATTACK), RELEASE / 3);
    const voices = voicing(classes).map(pitch => new OscillatorNode(context, {type: 'triangle', frequency: hertz(pitch)}));
    for (const voice of voices) {
      voice.connect(gain);
      voice.start(when);
      voice.stop(end + RELEASE);
    }
    voices[0].onended = () => gain.disconnect();
    const stop = () => {
      gain.gain.cancelScheduledValues(context.currentTime);
      gain.gain.setTargetAtTime(0, context.currentTime, RELEASE / 3);
      for (const voice of voices) voice.stop(context.currentTime + 2 * RELEASE);
    };
    this.sounding.push({part: 'chords', start, when, classes, end: end + RELEASE, stop});
  }

  silence() {
    for (const sound of this.sounding) if (sound.end > this.context.currentTime) sound.stop();
    this.sounding = [];
    this.anchor = this.doubt = null;
    this.until = {beats: -Infinity, chords: -Infinity, notes: -Infinity, drums: -Infinity};
  }
}

/** A short sine that dies away; its first sample belongs to the beat. */
function clickBuffer(context, frequency) {
  const {sampleRate} = context;
  const buffer = context.createBuffer(1, Math.round(CLICK_SECONDS * sampleRate), sampleRate);
  const samples = buffer.getChannelData(0);
  for (let i = 0; i < samples.length; i++) {
    const time = i / sampleRate;
    samples[i] = CLICK_LEVEL * Math.cos(2 * Math.PI * frequency * time) * Math.exp((-6 * time) / CLICK_SECONDS);
  }
  return buffer;
}
