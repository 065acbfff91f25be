/* A small synthesizer: plucked notes, and hits of drums made of noise. */

const NOTE_LEVEL = 0.22; // of one note at full velocity
const ATTACK_SECONDS = 0.004;
const RELEASE_SECONDS = 0.09;
const DECAY_SECONDS = 1.6; // of middle C, to a third; an octave higher has half of it
const OVERTONE_LEVEL = 0.25; // of the octave above the fundamental
const DRUM_SECONDS = 0.18;
const DRUM_FILTERS = {36: ['lowpass', 120], 38: ['bandpass', 1800]}; // by General MIDI key; others are cymbals
const CYMBAL_FILTER = ['highpass', 7000];

/** Frequency of a MIDI pitch in Hz. */
export const hertz = pitch => 440 * 2 ** ((pitch - 69) / 12);

/**
 * Play a note of `seconds` from the moment `when` of an AudioContext; velocity is in 0..1.
 *
 * Returns {end, stop()}: the moment when it is silent, and what ends it before.
 */
export function playNote(context, output, {pitch, velocity, when, seconds}) {
  const start = Math.max(when, context.currentTime);
  const release = start + Math.max(seconds, ATTACK_SECONDS);
  const gain = new GainNode(context, {gain: 0});
  gain.connect(output);
  gain.gain.setValueAtTime(0, start);
  gain.gain.linearRampToValueAtTime(NOTE_LEVEL * velocity ** 1.5, start + ATTACK_SECONDS);
  gain.gain.setTargetAtTime(0, start + ATTACK_SECONDS, DECAY_SECONDS * 2 ** ((60 - pitch) / 12));
  gain.gain.setTargetAtTime(0, release, RELEASE_SECONDS / 3);
  const overtone = new GainNode(context, {gain: OVERTONE_LEVEL});
  overtone.connect(gain);
  const voices = [
    [new OscillatorNode(context, {type: 'triangle', frequency: hertz(pitch)}), gain],
    [new OscillatorNode(context, {type: 'sine', frequency: 2 * hertz(pitch)}), overtone],
  ];
  return sounding(context, gain, voices, start, release + RELEASE_SECONDS);
}

/** Play a hit of the drum with a General MIDI key; see `playNote`. */
export function playDrum(context, output, {pitch, velocity, when}) {
  const start = Math.max(when, context.currentTime);
  const [type, frequency] = DRUM_FILTERS[pitch] ?? CYMBAL_FILTER;
  const gain = new GainNode(context, {gain: 0});
  gain.connect(output);
  gain.gain.setValueAtTime((type === 'lowpass' ? 3 : 0.8) * velocity ** 1.5, start);
  gain.gain.setTargetAtTime(0, start, DRUM_SECONDS / 4);
  const filter = new BiquadFilterNode(context, {type, frequency});
  filter.connect(gain);
  const noise = new AudioBufferSourceNode(context, {buffer: noiseOf(context)});
  return sounding(context, gain, [[noise, filter]], start, start + DRUM_SECONDS);
}

function sounding(context, gain, voices, start, end) {
  for (const [voice, into] of voices) {
    voice.connect(into);
    voice.start(start);
    voice.stop(end);
  }
  voices[0][0].onended = () => gain.disconnect();
  const stop = () => {
    gain.gain.cancelScheduledValues(context.currentTime);
    gain.gain.setTargetAtTime(0, context.currentTime, RELEASE_SECONDS / 3);
    for (const [voice] of voices) voice.stop(context.currentTime + RELEASE_SECONDS);
  };
  return {end, stop};
}

const noises = new WeakMap(); // by context

function noiseOf(context) {
  if (!noises.has(context)) {
    const buffer = context.createBuffer(1, Math.round(DRUM_SECONDS * context.sampleRate), context.sampleRate);
    const samples = buffer.getChannelData(0);
    for (let i = 0; i < samples.length; i++) samples[i] = 2 * Math.random() - 1;
    noises.set(context, buffer);
  }
  return noises.get(context);
}
